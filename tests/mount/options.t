#!/bin/bash
# What the options, the environment and the configuration say is judged before anything is mounted, and a refusal
# names the place where it stands.
. "$(dirname "$0")/lib.sh" || exit
setup
unset EASELFS_CRASH_LOOP
easelfs() { timeout 20 "$O/easelfs" "$@"; }
CONFIG=$XDG_CONFIG_HOME/easelfs/config
cp "$CONFIG" "$WORK/config"
mkdir "$WORK/gen"

# refused NAME REASON HINT [OPTION…]: nothing is mounted.
refused() {
	local name=$1 reason=$2 hint=$3 said
	shift 3
	said=$(easelfs mount "$@" "$WORK/gen" 2>&1)
	is $? 1 "$name is refused"
	like "$(head -n 1 <<<"$said")" "^easelfs: $reason" "$name: says why"
	like "$said" "$hint" "$name: and what to do"
	if is_mounted "$WORK/gen"; then
		easelfs unmount "$WORK/gen"
	fi
}

# --- options that no model takes ---

s=-osandbox
refused 'n=99' 'model "nano-banana" does not take n "99": it takes 1 to 16$' 'it comes from the option -o n: change it there' $s -o n=99
refused 'size=17:9' 'model "nano-banana" does not take size "17:9": it takes 1:1, 16:9' 'the option -o size' $s -o size=17:9
refused 'n=99 without a key' 'header "n" does not take "99": it takes 1 to 16$' 'the option -o n' -o n=99
refused 'an unknown model' 'unknown model "nano-bananna": did you mean "nano-banana"' 'the option -o model' $s -o model=nano-bananna
refused 'a provider as model' 'unknown model "google": google is a provider$' 'write provider: google' $s -o model=google
refused 'an unknown provider' 'unknown provider "gogle": did you mean "google"' 'the option -o provider' $s -o provider=gogle
refused 'what the model of the options does not take' 'model "nano-banana" does not take size "17:9"' 'the option -o size' $s -o model=nano-banana,size=17:9
EASELFS_SIZE=17:9 refused 'a variable' 'model "nano-banana" does not take size "17:9"' 'it comes from the variable EASELFS_SIZE' $s
{ cat "$WORK/config"; printf '[defaults]\n# half a line\nsize = 17:9\n'; } >"$CONFIG"
refused 'a line of [defaults]' 'model "nano-banana" does not take size "17:9"' "it comes from $CONFIG:5: change it there" $s
EASELFS_SIZE=16:9 easelfs mount $s "$WORK/gen" >/dev/null
is $? 0 'a stronger place may mend it'
_mounts+=("$WORK/gen")
easelfs unmount "$WORK/gen"
cp "$WORK/config" "$CONFIG"

MNT=$WORK/gen
said=$(easelfs mount $s -o size=8:1 "$MNT" 2>&1)
is $? 0 'what another model takes is mounted'
like "$said" 'prompts that name no other model will fail: model "nano-banana" does not take size "8:1"' 'with a warning'
printf 'model: nano-banana-2\n\na wide cat\n' >"$MNT/wide.txt"
ok 'a prompt that names such a model is made' easelfs wait "$MNT/wide.txt"
echo 'a cat' >"$MNT/cat.txt"
ok 'one that does not fails' wait_state cat.txt failed
like "$(status_of cat.txt)" 'hint: it comes from the option -o size: change it there, or say another "size" in the prompt' 'and says where to look'
easelfs unmount "$MNT"

# --- the environment ---

said=$(EASELFS_BUGDET=3 EASELFS_SANDBOX_KEY=k easelfs models nano-banana 2>&1)
is $? 0 'an unknown variable is no error'
like "$said" 'warning: the variable EASELFS_BUGDET means nothing: did you mean EASELFS_BUDGET\?' 'but said'
is "$(grep -c warning <<<"$said")" 1 'and others are not'

# --- the configuration ---

# config_refused LINE… SENTENCE: the last line of the configuration is what is wrong.
config_refused() {
	printf '%s\n' "${@:1:$#-1}" >"$CONFIG"
	refused "$(tr '\n' ' ' <"$CONFIG")" "$CONFIG:$(($# - 1)): ${!#}" . $s
}
config_refused '[model nano-banana]' 'ratios = wide' '"ratios" does not take "wide": it takes ratios, such as 1:1 16:9'
config_refused '[provider toapis]' '' 'id-at = a..b' '"id-at" does not take "a\.\.b": it takes paths into a reply'
config_refused '[model nano-banana]' 'search = yes' '"search" does not take "yes": it takes web, image'
config_refused '[defaults]' 'bugdet = 3' 'unknown option "bugdet": did you mean "budget"'
cp "$WORK/config" "$CONFIG"

# --- easelfs models ---

said=$(easelfs models -o provider=nix 2>&1)
is $? 1 'models of an unknown provider are an error'
like "$said" '^easelfs: unknown provider "nix"' 'that says so'
said=$(easelfs models -o provider=gogle 2>&1)
like "$said" '^easelfs: unknown provider "gogle": did you mean "google"' 'and what is near'

# --- key files ---

# keyed NAME REASON HINT: what a prompt says.
keyed() {
	rm -f "$WORK/gen/$1.txt"
	mount_it >/dev/null
	echo "a cat, $1" >"$MNT/$1.txt"
	ok "$1: the prompt stops" wait_state "$1.txt" stopped
	like "$(status_of "$1.txt")" "reason: $2" "$1: says why"
	like "$(status_of "$1.txt")" "hint: $3" "$1: and what to do"
	umount_it
}
printf '[defaults]\nprovider = toapis\n[provider toapis]\nurl = %s\nkey-file = %s/key\n' "$SANDBOX_URL" "$WORK" >"$CONFIG"
keyed missing "there is no key for the provider toapis .TOAPIS_API_KEY is not set, and the key file $WORK/key is missing" "write the key into it and chmod 600 $WORK/key"
mkdir "$WORK/key"
keyed folder "key file $WORK/key is a folder" 'name the file in it'
rmdir "$WORK/key"
install -m 600 /dev/null "$WORK/key"
keyed empty "key file $WORK/key is empty" 'put the key into it'
echo "$EASELFS_SANDBOX_KEY" >"$WORK/key"
chmod 644 "$WORK/key"
keyed open "key file $WORK/key can be read by others .mode 644" "chmod 600 $WORK/key"
printf '[defaults]\nprovider = mine\nmodel = m\n[provider mine]\nurl = %s\n[model m]\nprovider = mine\n' "$SANDBOX_URL" >"$CONFIG"
keyed mine 'there is no key for the provider mine' 'name its variable as `key-env`, or a file with the key as `key-file`, in .provider mine.'

done_testing
