# What can follow a command line: secsync itself is asked. Bash splits words at `=` and `:`, which are
# inside of words here, so they are put together again, and only the rest of the last one is given back.
_secsync() {
    local IFS=$'\013' line=${COMP_LINE:0:COMP_POINT} words=() count=0 index rest
    for ((index = 0; index < COMP_CWORD; index++)); do
        rest=${line#"${line%%[![:space:]]*}"}
        if ((count > 0)) && [[ $rest == "$line" ]]; then
            words[count - 1]+=${COMP_WORDS[index]}
        else
            words[count++]=${COMP_WORDS[index]}
        fi
        line=${rest#"${COMP_WORDS[index]}"}
    done
    rest=${line#"${line%%[![:space:]]*}"}
    rest=${rest#[\"\']}
    if [[ $line == [[:space:]]* || $count == 0 ]]; then
        words[count++]=$rest
    else
        words[count - 1]+=$rest
    fi
    local last=${words[count - 1]}
    local kept=${last%"$2"}
    COMPREPLY=($(_CLAP_IFS=$IFS _CLAP_COMPLETE_INDEX=$((count - 1)) COMPLETE=bash secsync -- "${words[@]}"))
    for index in "${!COMPREPLY[@]}"; do
        COMPREPLY[index]=${COMPREPLY[index]#"$kept"}
    done
    # More of the same word follows.
    if [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *[=/:,] ]]; then
        compopt -o nospace 2>/dev/null
    fi
}
complete -o bashdefault -o nosort -F _secsync secsync 2>/dev/null ||
    complete -o bashdefault -F _secsync secsync
