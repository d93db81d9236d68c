# Loads the completions as a user of zsh does, and completes a command and a flag on a terminal.
zmodload zsh/zpty
zpty shell 'zsh -f -i'
zpty -w shell 'PS1=; autoload -U compinit; compinit -D; source <(secsync completions zsh)'
completed() {
  local shown chunk
  zpty -w -n shell "$1"$'\t'
  repeat 100; do
    while zpty -r -t shell chunk; do shown+=$chunk; done
    [[ $shown == *$2* ]] && { zpty -w -n shell $'\C-u'; return 0; }
    sleep 0.1
  done
  print -u2 "'$1' is not completed: $shown"
  return 1
}
completed 'secsync val' validate && completed 'secsync plan --detailed' --detailed-exitcode
