#!/bin/sh
# packages.sh PACKAGE...: install the Debian packages that are missing, where the user may (root, or sudo without a
# password); no questions asked, and no service started now or at the next boot. Where nothing can be installed it says
# so and goes on: the tests that need the packages will name them.
set -eu
missing=
for package; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q '^install ok installed$' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
command -v apt-get >/dev/null || { echo "not a Debian system, please install yourself:$missing" >&2; exit 0; }
sudo=
if [ "$(id -u)" != 0 ]; then
    sudo -n true 2>/dev/null || { echo "may not install packages, please do: apt-get install$missing" >&2; exit 0; }
    sudo='sudo -n'
fi
echo "installing$missing"

policy=/usr/sbin/policy-rc.d # what Debian asks before it starts a service
if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' | $sudo tee $policy >/dev/null
    $sudo chmod 755 $policy
    trap '$sudo rm -f $policy' EXIT
fi
apt() { $sudo env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120 "$@" >/dev/null; }
case "$missing" in *postfix*)
    echo 'postfix postfix/main_mailer_type select No configuration' | $sudo debconf-set-selections ;;
esac
# shellcheck disable=SC2086 # one word a package
{ apt update && apt install -y --no-install-recommends $missing; } || { echo "could not install:$missing" >&2; exit 0; }
case "$missing" in *dovecot* | *postfix*)
    ! [ -d /run/systemd/system ] || $sudo systemctl disable --quiet dovecot postfix 2>/dev/null || true ;;
esac
