# Loads the completions as a user of Bash does, and completes a command and a flag.
source <(secsync completions bash)
completed() {
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=${#COMP_LINE} COMP_TYPE=9 COMPREPLY=()
    function=$(complete -p secsync | sed 's/.*-F \([^ ]*\).*/\1/')
    "$function" secsync "${!#}" "${@:$#-1:1}"
    printf '%s\n' "${COMPREPLY[@]}"
}
completed secsync val | grep -qx 'validate *' && completed secsync plan --detailed | grep -qx -- '--detailed-exitcode *'
