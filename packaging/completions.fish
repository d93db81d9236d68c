# Loads the completions as a user of fish does, and completes a command and a flag.
secsync completions fish | source
complete --do-complete 'secsync val' | grep -q '^validate'
and complete --do-complete 'secsync plan --detailed' | grep -q -- '^--detailed-exitcode'
