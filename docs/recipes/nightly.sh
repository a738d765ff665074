#!/bin/sh
# Scans the organization. cron mails what a job prints, so this prints only what somebody must act on:
# what is new, incidents, and accounts that could not be scanned and were not missing last night.
# Arguments go to prowler-org: nightly.sh --exclude 444455556666
# Two runs cannot overlap: prowler-org locks its output directory, and the second one ends with 1.
set -u
umask 077
PATH=/opt/prowler/bin:$PATH
: "${REPORTS:=/var/lib/prowler-org}"

scan() {
    code=0
    output=$(prowler-org --role ProwlerScan --output-directory "$REPORTS" --fail-on new "$@" 2>&1) || code=$?
}

remove() { # FOLDER DEPTH NAME DAYS: removes the files of this name that are older, if it may
    [ ! -d "$1" ] || find "$1" -maxdepth "$2" -type f -name "$3" -mtime "+$4" -exec rm -f {} + 2> /dev/null
}

missing_accounts() {
    awk -F '"' '/"account":/ { account = $4 }
        /"status": "(not scanned|waiting)"|"unjudged":|"undelivered":/ { print account }' prowler-org-state.json
}

is_news() {
    [ "$code" -eq 4 ] || return "$((code == 0))"
    # An account that was not missing last night, or something else that makes the exit code 4.
    [ -n "$missing" ] || return 0
    ! printf '%s\n' "$missing" | grep -qvxFe "$missing_before" || return 0
    printf '%s\n' "$output" | grep -q '^New or an incident: '
}

scan "$@"
if [ "$code" -eq 4 ]; then # an account is missing: scan only what is missing, an hour later
    sleep "${PAUSE:=3600}"
    scan --resume "$@"
fi
case $code in
    0 | 3 | 4) cd "$REPORTS" || exit "$code" ;;
    *) printf '%s\n' "$output"; exit "$code" ;;
esac
missing=$(missing_accounts)
missing_before=$(cat missing-accounts.txt 2> /dev/null)
if is_news; then printf '%s\n' "$output"; fi
printf '%s\n' "$missing" > missing-accounts.txt

# Only what prowler-org writes. The folder may have other files, too.
d='[0-9]' # an account's ID has twelve
for account in accounts/$d$d$d$d$d$d$d$d$d$d$d$d; do
    remove "$account" 2 'prowler-output-*' 30
    remove "$account" 1 prowler.log 30
done
remove . 1 'prowler-org-o-*' 30
remove compliance 1 'prowler-org-o-*' 30
remove keys 1 'prowler-org-o-*' 365 # the next run compares itself with these
exit "$code"
