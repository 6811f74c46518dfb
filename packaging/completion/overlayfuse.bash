# bash completion of overlayfuse. What there is to complete it asks the program: --help, VERB --help, options.
# Each function prints lines; what does not begin as the word does is taken out at the end.

# TITLE [VERB]: the lines of a section of the help.
_overlayfuse_section() {
    "$program" ${2:+"$2"} --help 2>/dev/null | awk -v title="$1:" '/^[^ ]/ { on = $0 == title; next } on && sub(/^  /, "") && /^[^ ]/'
}

# [VERB]: NAME PLACEHOLDER of each option.
_overlayfuse_options() {
    _overlayfuse_section Options "$1" | awk '{
        sub(/  .*/, "")
        value = match($0, /<.*>/) ? substr($0, RSTART + 1, RLENGTH - 2) : ""
        sub(/ <.*/, "")
        for (i = split($0, names, ", "); i > 0; i--) if (names[i] != "-?") print names[i], value
    }'
}

# VERB: the placeholders of its arguments.
_overlayfuse_arguments() {
    _overlayfuse_section Arguments "$1" | sed 's/^<\([^>]*\)>.*/\1/'
}

# PLACEHOLDER WORD: what fits; directories with a / behind them.
_overlayfuse_fitting() {
    case $1 in
        DIR | PATH) compgen -d -- "$2" | sed 's|$|/|' ;;
        FILE) compgen -f -- "$2" ;;
        MOUNTPOINT) findmnt -lno TARGET -t fuse.overlayfuse; _overlayfuse_fitting DIR "$2" ;;
        OPTION,...) _overlayfuse_mount_options "$2" ;;
    esac
}

# LIST: what may come next in it; in the value of lowerdir after each colon.
_overlayfuse_mount_options() {
    local item=${1##*,} name value before
    name=${item%%=*} before=${1%"$item"}
    if [[ $item != *=* ]]; then
        "$program" options | awk -v before="$before" '$2 != "(accepted)" && $2 != "(not" { sub(/=.*/, "=", $1); print before $1 }'
        return
    fi
    value=$("$program" options | awk -v name="$name=" 'index($1, name) == 1 { print substr($1, length(name) + 1) }')
    item=${item#*=}
    [[ $value == *::DATA* ]] && value=DIR item=${item##*:}
    before=${1%"$item"}
    case $value in
        DIR | FILE) _overlayfuse_fitting "$value" "$item" | sed "s|^|${before//[\\&|]/\\&}|" ;;
        *'|'*) tr -d '[]' <<<"$value" | tr '|' '\n' | sed "s|^|${before//[\\&|]/\\&}|" ;;
    esac
}

# All that may stand where the word is.
_overlayfuse_words() {
    local verbs verb='' takes
    verbs=$(_overlayfuse_section Commands | awk '{ print $1 }')
    [[ $cword -gt 1 && $'\n'$verbs$'\n' == *$'\n'"${words[1]}"$'\n'* ]] && verb=${words[1]}
    takes=$(_overlayfuse_options "$verb" | awk -v name="$prev" '$1 == name { print $2 }')
    if [[ $takes ]]; then
        _overlayfuse_fitting "$takes" "$cur"
    elif [[ $cur == -* ]]; then
        _overlayfuse_options "$verb" | awk '{ print $1 }'
    elif [[ $verb ]]; then
        for takes in $(_overlayfuse_arguments "$verb"); do _overlayfuse_fitting "$takes" "$cur"; done
    else
        ((cword > 1)) || echo "$verbs"
        _overlayfuse_fitting DIR "$cur"
    fi
}

_overlayfuse() {
    local cur prev words cword program reply
    local -i i
    _get_comp_words_by_ref -n =: cur prev words cword
    program=${words[0]/#\~/$HOME}
    if [[ ${words[1]} == run ]]; then
        for ((i = 2; i < COMP_CWORD; i++)); do
            [[ ${COMP_WORDS[i]} == -- ]] && { _command_offset $((i + 1)); return; }
        done
    fi
    # shellcheck disable=SC2162 # a backslash stands for what is behind it, as in the shell
    IFS= read cur <<<"$cur"
    # bash itself begins a new word after = and : (COMP_WORDBREAKS).
    local known=${cur%"${cur##*[=:]}"}
    COMPREPLY=()
    while IFS= read -r reply; do
        [[ $reply == "$cur"* ]] || continue
        [[ $reply == *= ]] && compopt -o nospace
        [[ $reply == */ ]] && compopt -o filenames
        COMPREPLY+=("${reply#"$known"}")
    done < <(_overlayfuse_words | sort -u)
}

complete -F _overlayfuse overlayfuse
