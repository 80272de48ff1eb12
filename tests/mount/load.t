#!/bin/bash
# Three hundred prompts at once, while five in a hundred requests go wrong: a picture and a charge each.
# Ten thousand are in tests/long/load.t.
. "$(dirname "$0")/lib.sh" || exit
. "$(dirname "$0")/load.sh" || exit

load_setup 20 --submit-rpm 0 --query-rpm 0
mount_fg -o provider=sandbox,settle=0.05,budget=none || die 'it cannot be mounted'
load_faults 5
load_run faulty 300 120
load_judge faulty 300
ok "faults struck ($(totals .faults))" test "$(totals .faults)" -ge 20
load_end
done_testing
