/*
 * service: what a service manager that waits for us is told (sd_notify(3)).
 *
 * One datagram each, to the socket that $NOTIFY_SOCKET names; without it nothing happens.  Any thread.
 */
#ifndef FS_SERVICE_H
#define FS_SERVICE_H

/* The mount answers.  Said by the daemon, also where the manager knows only the command that started it. */
void service_ready(const char *source, const char *mountpoint);
/* It ends.  `waits`: what for, for the one who looks at the unit meanwhile. */
void service_stopping(const char *waits);

#endif
