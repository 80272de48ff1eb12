#!/bin/bash
# Thunar, with Tumbler's thumbnails.
. "$(dirname "$0")/filemanager.sh" || exit

CLASS=thunar
opens() { thunar "$1" >>"$WORK/thunar.log" 2>&1 & }
titles() { echo "${1##*/} - Thunar"; }
tries thunar
