#!/bin/sh
# Scans the organization. cron mails what a job prints, so this prints only what somebody has to know.
# Two runs cannot overlap: prowler-org locks its output directory, and the second one ends with 1.
set -u
PATH=/opt/prowler/bin:$PATH
: "${REPORTS:=/var/lib/prowler-org}"

scan() {
    code=0
    told=$(prowler-org --role ProwlerScan --fail-on new --output-directory "$REPORTS" "$@" 2>&1) || code=$?
}

remove() { # FOLDER DEPTH NAME DAYS: removes the files of this name that are older
    [ ! -d "$1" ] || find "$1" -maxdepth "$2" -type f -name "$3" -mtime "+$4" -exec rm -f {} +
}

scan
if [ "$code" -eq 4 ]; then # an account is missing: scan only what is missing, an hour later
    sleep "${PAUSE:=3600}"
    scan --resume
fi
[ "$code" -eq 0 ] || printf '%s\n' "$told"

# After a scan only, and only what prowler-org writes. The folder may have other files, too.
case $code in
    0 | 3 | 4) cd "$REPORTS" || exit "$code" ;;
    *) exit "$code" ;;
esac
d='[0-9]' # an account's ID has twelve
for account in accounts/$d$d$d$d$d$d$d$d$d$d$d$d; do
    remove "$account" 2 'prowler-output-*' 30
    remove "$account" 1 prowler.log 30
done
remove . 1 'prowler-org-o-*' 30
remove compliance 1 'prowler-org-o-*' 30
remove keys 1 'prowler-org-o-*' 365 # the next run compares itself with these
exit "$code"
