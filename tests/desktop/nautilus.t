#!/bin/bash
# Nautilus, with its own thumbnails.
. "$(dirname "$0")/filemanager.sh" || exit

CLASS=nautilus
opens() { nautilus --new-window "$1" >>"$WORK/nautilus.log" 2>&1 & }
titles() { echo "${1##*/}"; }
tries nautilus
