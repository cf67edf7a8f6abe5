# shellcheck shell=bash
# Kills the daemon KILLS times while it throttles, at other moments each time; half of the kills are
# undone by ExecStopPost, half (without it) by the next start.
. /root/node/lib/scene.sh

pods_of_the_scene || exit 1
policy
files_snapshot /root/before
surge

throttle_and_kill() { # MILLISECONDS after the first throttle
  systemctl start plimsolld || return 1
  wait_until 30 some_pod_is_throttled || return 1
  sleep "$(printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)))"
  systemctl kill -s KILL plimsolld
  wait_until 20 daemon_is_dead
}

for ((i = 0; i < KILLS; i++)); do
  delay=$((i * 7919 % 4000))
  if ((i % 2 == 0)); then
    unit_setting Restart=no
    check "killed $delay ms into throttling" throttle_and_kill $delay
    check 'ExecStopPost put every byte back' files_same /root/before
  else
    unit_setting Restart=no ExecStopPost=
    check "killed $delay ms into throttling, without ExecStopPost" throttle_and_kill $delay
    calm
    check 'the next start' systemctl start plimsolld
    check 'puts every byte back' files_same /root/before
    systemctl stop plimsolld
    surge
  fi
done

unit_setting Restart=no ExecStopPost=
check 'killed once more' throttle_and_kill 500
timeout -s KILL 0.05 plimsolld --undo # may be killed at any point
check 'is finished by another' plimsolld --undo
check 'every byte is back' files_same /root/before
checks_end
