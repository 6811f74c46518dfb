# fish completion of overlayfuse. What there is to complete it asks the program: --help, VERB --help, options.

# TITLE [VERB]: the lines of a section of the help.
function __overlayfuse_section
    overlayfuse $argv[2] --help 2>/dev/null | awk -v title="$argv[1]:" '/^[^ ]/ { on = $0 == title; next } on && sub(/^  /, "") && /^[^ ]/'
end

# What comes next in a list of mount options; in the value of lowerdir after each colon.
function __overlayfuse_mount_options
    set -l word (commandline -ct)
    set -l item (string split , -- $word)[-1]
    set -l before (string sub -l (math (string length -- $word) - (string length -- $item)) -- $word)
    if not string match -q '*=*' -- $item
        overlayfuse options | string match -rv '^\S+ +\((accepted|not there yet)\)' | string replace -r '^([^ =]+)(=?)\S* +(.*)' -- "$before\$1\$2\t\$3"
        return
    end
    set -l name (string split -m1 = -- $item)[1]
    set -l value (overlayfuse options | string replace -rf '^'(string escape --style=regex -- $name)'=(\S+).*' '$1')
    set -l path (string split -m1 = -- $item)[2]
    switch "$value"
        case '*::DATA*'
            set path (string split : -- $path)[-1]
            set value DIR
    end
    set before (string sub -l (math (string length -- $word) - (string length -- $path)) -- $word)
    switch "$value"
        case DIR FILE
            __fish_complete_directories "$path" '' | string replace -r '^' -- (string replace -a '\\' '\\\\' -- $before)
            test $value = FILE; and __fish_complete_path "$path" | string replace -r '^' -- $before
        case '*|*'
            string trim -c '[]' -- $value | string split '|' | string replace -r '^' -- $before
    end
end

# "--lower <DIR>  TEXT" or "-a, --all  TEXT" as words of complete.
function __overlayfuse_option
    set -l part (string split -m1 '  ' -- $argv[1])
    for name in (string split ', ' -- (string replace -r ' <.*' '' -- $part[1]))
        switch $name
            case '--*'
                printf '%s\n' -l (string sub -s 3 -- $name)
            case '-?'
                test $name = '-?'; or printf '%s\n' -s (string sub -s 2 -- $name)
        end
    end
    switch (string replace -rf '.*<(.*)>.*' '$1' -- $part[1])
        case DIR PATH
            printf '%s\n' -x -a '(__fish_complete_directories)'
        case FILE
            printf '%s\n' -r -F
        case 'OPTION,...'
            printf '%s\n' -x -a '(__overlayfuse_mount_options)'
        case SECONDS TYPE
            printf '%s\n' -x
    end
    printf '%s\n' -d (string trim -- $part[2])
end

# What follows "run ... --" is a command with a completion of its own.
function __overlayfuse_command
    set -l words (commandline -opc)
    set -l mark (contains -i -- -- $words); or return
    complete -C (string join -- ' ' (string escape -- $words[(math $mark + 1)..]) (commandline -ct))
end

complete -c overlayfuse -f
set -l verbs (__overlayfuse_section Commands | string replace -r ' .*' '')
for line in (__overlayfuse_section Commands)
    set -l verb (string replace -r ' .*' '' -- $line)
    complete -c overlayfuse -n "not __fish_seen_subcommand_from $verbs" -a $verb -d (string replace -r '^\S+( <\S+>)* +' '' -- $line)
    for option in (__overlayfuse_section Options $verb)
        complete -c overlayfuse -n "__fish_seen_subcommand_from $verb" (__overlayfuse_option $option)
    end
    string match -q '* <MOUNTPOINT>*' -- $line
    and complete -c overlayfuse -n "__fish_seen_subcommand_from $verb" -a '(findmnt -lno TARGET -t fuse.overlayfuse; __fish_complete_directories)'
end
for option in (__overlayfuse_section Options)
    complete -c overlayfuse -n "not __fish_seen_subcommand_from $verbs" (__overlayfuse_option $option)
end
complete -c overlayfuse -n "not __fish_seen_subcommand_from $verbs" -a '(__fish_complete_directories)'
complete -c overlayfuse -n '__fish_seen_subcommand_from run' -a '(__overlayfuse_command)'
