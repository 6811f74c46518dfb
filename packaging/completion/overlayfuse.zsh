#compdef overlayfuse
# zsh completion of overlayfuse. What there is to complete it asks the program: --help, VERB --help, options.

# TITLE [VERB]: the lines of a section of the help.
_overlayfuse_section() {
    $program $2 --help 2>/dev/null | awk -v title="$1:" '/^[^ ]/ { on = $0 == title; next } on && sub(/^  /, "") && /^[^ ]/'
}

# PLACEHOLDER: the function that completes it.
_overlayfuse_action() {
    case $1 in
        DIR | PATH) echo _directories ;;
        FILE) echo _files ;;
        MOUNTPOINT) echo _overlayfuse_mountpoints ;;
        OPTION,...) echo _overlayfuse_mount_options ;;
        *::DATA*) echo _overlayfuse_layers ;;
        *'|'*) echo "(${${1//[][]/}//|/ })" ;;
        *) echo ' ' ;;
    esac
}

# TEXT: as it may stand in [ ] of _arguments and _values.
_overlayfuse_quoted() {
    echo -E - "${1//(#m)[][:\\]/\\$MATCH}"
}

_overlayfuse_mountpoints() {
    local -a expl mounted=(${(f)"$(findmnt -lno TARGET -t fuse.overlayfuse)"})
    _wanted mounts expl 'live mount' compadd -f -a mounted
    _directories
}

# Directories with colons between them.
_overlayfuse_layers() {
    compset -P '*:'
    _directories
}

_overlayfuse_mount_options() {
    local line word name value
    local -a specs
    for line in ${(f)"$($program options)"}; do
        word=${line%% *} line=${${line#* }## #}
        [[ $line == '(accepted) '* || $line == '(not there yet) '* ]] && continue
        name=${word%%=*} value=${${word#$name}#=}
        specs+=("${name}[$(_overlayfuse_quoted $line)]${value:+:$(_overlayfuse_quoted $value):$(_overlayfuse_action $value)}")
    done
    _values -w -s , 'mount option' $specs
}

# VERB: its options, and its arguments, as _arguments wants them.
_overlayfuse_specs() {
    local line names name value
    for line in ${(f)"$(_overlayfuse_section Options $1)"}; do
        names=${line%%  *} line=${${line#*  }## #} value=
        [[ $names == *'<'* ]] && value=${${names#*<}%>}
        for name in ${(s:, :)${names%% <*}}; do
            [[ $value && $name == --* ]] && name+='='
            echo -E - "*${name}[$(_overlayfuse_quoted $line)]${value:+:$value:$(_overlayfuse_action $value)}"
        done
    done
    for line in ${(f)"$(_overlayfuse_section Arguments $1)"}; do
        value=${${line#<}%%>*}
        [[ $1 ]] || value=DIR
        echo -E - "*:$value:$(_overlayfuse_action $value)"
    done
}

_overlayfuse() {
    setopt localoptions extendedglob
    local program=${~words[1]} verb=
    local -i mark=${words[(i)--]}
    local -a verbs=(${${(f)"$(_overlayfuse_section Commands)"}%% *})
    if (( CURRENT > 2 && $verbs[(Ie)$words[2]] )); then
        verb=$words[2]
    fi
    if [[ $verb == run ]] && (( mark < CURRENT )); then
        words=($words[mark+1,-1])
        (( CURRENT -= mark ))
        _normal
        return
    fi
    [[ $verb ]] && words[2]=() && (( CURRENT -= 1 ))
    (( CURRENT > 2 )) || [[ $verb ]] || _describe verb verbs
    _arguments -s ${(f)"$(_overlayfuse_specs $verb)"}
}

_overlayfuse "$@"
