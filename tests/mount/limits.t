#!/bin/bash
# The provider says how many requests are left before it refuses one: then none is refused.
. "$(dirname "$0")/lib.sh" || exit

# Six in a minute, and a row that knows of no limit.
setup --canned --submit-rpm 6 --query-rpm 0
config <<-END
	[provider sandbox]
	first-look = 0.1
	poll-min = 0.1
	END
mount_fg -o provider=sandbox,settle=0.05 || die 'it cannot be mounted'
for i in {1..9}; do timeout 10 bash -c 'echo "picture $2" >"$1/p$2.txt"' - "$MNT" "$i"; done
states() { for i in {1..9}; do state_of "p$i.txt"; done | sort | uniq -c | awk '{ printf "%s%s %s", sep, $1, $2; sep = ", " }'; }
rest() { [ "$(states)" = '6 completed, 3 queued' ]; }
ok 'six of nine are completed, and three wait' eventually 30 rest
is "$(bill .limited),$(bill .submits_seen)" 0,6 'no request was sent that had to be refused'
umount_it

# A row that knows of one, until the configuration says another.
control POST settings '{"submit_rpm":0}' >/dev/null
control POST reset >/dev/null
config <<-END
	submit-per-minute = 6
	END
mount_fg -o provider=sandbox,settle=0.05 || die 'it cannot be mounted again'
slow() { [ "$(states)" = '7 completed, 2 queued' ]; }
ok 'one of the three goes, in ten seconds' eventually 15 slow
sed -i 's/^submit-per-minute = 6$/submit-per-minute = 6000/' "$XDG_CONFIG_HOME/easelfs/config"
all() { [ "$(states)" = '9 completed' ]; }
ok 'by the new limit the others go at once' eventually 5 all
umount_it
done_testing
