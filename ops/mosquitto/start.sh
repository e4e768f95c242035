#!/bin/sh
# Writes the password file from TARS_MQTT_PASSWORD and becomes the broker. The
# first argument names the configuration beside this file.
set -eu
umask 077
printf 'tars:%s\n' "$TARS_MQTT_PASSWORD" >/tmp/passwd
mosquitto_passwd -U /tmp/passwd # hashes it in place
unset TARS_MQTT_PASSWORD
exec mosquitto -c "/mosquitto/config/$1"
