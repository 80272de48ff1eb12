# fish completion for easelfs.  What there is to say comes from the program: `easelfs help --table`.

# KIND COMMAND NAME PROSE: name and prose of all rows of the kind, of one command if it is not empty; the last two
# are numbers of fields.
function __easelfs_rows
    easelfs help --table 2>/dev/null | awk -F '\t' -v kind=$argv[1] -v command=$argv[2] -v name=$argv[3] -v prose=$argv[4] \
        '$1 == kind && (command == "" || $2 == command) { print $name "\t" $prose }'
end

function __easelfs_command
    set -l words (commandline -opc)
    echo $words[2]
end

# What stands where the cursor is: command, settings, option, or what the operands are.
function __easelfs_place
    set -l words (commandline -opc)
    if test (count $words) = 1; or test "$words[2]" = help
        echo command
    else if test "$words[-1]" = -o
        echo settings
    else if string match -q -- '-*' (commandline -ct)
        echo option
    else
        easelfs help --table 2>/dev/null | awk -F '\t' -v command=$words[2] '$1 == "command" && $2 == command { print $3 }'
    end
end

function __easelfs_at
    test (__easelfs_place) = $argv[1]
end

# N: a column of the table of models.
function __easelfs_column
    easelfs models 2>/dev/null | awk -v n=$argv[1] 'NR > 1 { print $n }' | sort -u
end

# SETTING: the values that can be listed.
function __easelfs_values
    set -l words (easelfs help --table 2>/dev/null | awk -F '\t' -v name=$argv[1] '$1 == "setting" && $2 == name { print $6 }')
    switch "$words"
        case '<models>'
            __easelfs_column 1
        case '<providers>'
            __easelfs_column 2
        case '<files>'
            string replace -r '^.*=' '' -- (commandline -ct) | read -l path
            printf '%s\n' $path*
        case '?*'
            string split ' ' -- $words
    end
end

# The value of -o is a list; what stands before the last comma stays.
function __easelfs_settings
    set -l item (string replace -r '^.*,' '' -- (commandline -ct))
    set -l before (string match -r '^.*,' -- (commandline -ct); or echo '')
    if string match -q '*=*' -- $item
        set -l name (string replace -r '=.*' '' -- $item)
        for value in (__easelfs_values $name)
            echo $before$name=$value
        end
    else
        for row in (__easelfs_rows setting '' 2 3)
            string replace \t =\t -- $before$row
        end
    end
end

complete -c easelfs -f
complete -c easelfs -n '__easelfs_at command' -a '(__easelfs_rows command "" 2 5)'
complete -c easelfs -n '__easelfs_at command' -a help -d 'say what there is'
complete -c easelfs -n '__easelfs_at settings' -a '(__easelfs_settings)'
complete -c easelfs -n '__easelfs_at option' -a '(__easelfs_rows option (__easelfs_command) 3 5)'
complete -c easelfs -n '__easelfs_at option' -a --help -d 'say what the command does'
complete -c easelfs -n '__easelfs_at folders' -a '(__fish_complete_directories)'
complete -c easelfs -n '__easelfs_at paths' -F
complete -c easelfs -n '__easelfs_at models' -a '(__easelfs_column 1)'
