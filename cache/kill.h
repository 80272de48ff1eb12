/*
 * kill: the moments at which easelfs may be killed, from close(2) of a prompt to its picture's row.
 *
 * One table.  Whatever must not be done twice, or be forgotten, is a step: kill_point(BEFORE_STEP)
 * stands right before it and kill_point(AFTER_STEP) right behind it; tests/lint/kill_points.t finds a
 * commit of the journal, a request, a rename or an fsync without them.  A moment lies within a step.
 *
 * In ordinary builds a point is nothing.  In one with -DKILL_POINTS (make KILL=1) the process kills
 * itself with SIGKILL at the point that the environment variable EASELFS_KILL names, or at its n-th
 * pass (`AFTER_SUBMIT:3`), and `easelfs kill-points` prints the table: tests/mount/kill.t goes there by
 * the way that is named, dies, starts again, and counts charges and pictures.
 */
#ifndef CACHE_KILL_H
#define CACHE_KILL_H

/*
 * STEP(name, way, what is true before, what is true behind it), MOMENT(name, way, what is true).
 * ways are functions of tests/mount/kill.t.  In the order in which a prompt meets them.
 */
#define KILL_TABLE(STEP, MOMENT) \
	STEP(FOLDER_SYNC, start, "a folder of ours was made", "and is on the disk") \
	STEP(SCHEMA, start, "the journal is an empty file", "it has tables") \
	STEP(SET_ASIDE, damaged, "a file of a damaged journal has its name", "it has one that nobody looks for") \
	STEP(SET_ASIDE_SYNC, damaged, "the new name may be in memory only", "it is on the disk") \
	STEP(KEEP, damaged, "an unfinished download of a damaged journal lies in incoming/", "it is kept elsewhere") \
	STEP(REBUILT, damaged, "a new journal does not know that it is in place of a damaged one", "it knows") \
	STEP(ENDS, unclean, "the last end was no clean one, and is not counted", "it is") \
	STEP(FIRST_SEEN, start, "nothing was ever mounted here", "the journal knows when that was to be") \
	STEP(SCANNED, start, "the first scan has seen every prompt, and the journal has them", "it knows that there was one") \
	\
	STEP(READ, plain, "the prompt was closed, nobody has read it", \
	     "it was read, its references are kept, the engine knows nothing of it") \
	STEP(REFERENCE_COPY, reference, "nothing was read of a reference", "its bytes are in an unfinished file") \
	STEP(REFERENCE_SYNC, reference, "they may be in memory only", "they are on the disk") \
	STEP(REFERENCE_NAME, reference, "they have no name that anybody looks for", "they have") \
	STEP(REFERENCE_FOLDER, reference, "the name may be in memory only", "the reference is kept") \
	STEP(NEW, queued, "the prompt is the only record", "the journal has a job that is to be sent") \
	STEP(HELD, held, "a prompt was found that nobody asked for", "it waits for a person, and the journal says so") \
	STEP(OUT_FOLDER, folder, "out/ lacks the prompt's folder", "it has it") \
	\
	STEP(UPLOADING, uploaded, "nothing was sent", "the journal knows that references are to be sent") \
	STEP(UPLOAD, uploaded, "nothing was sent", "curl has a reference to send") \
	MOMENT(UPLOADED, uploaded, "the provider's address of a reference is in memory only") \
	STEP(MEMO, uploaded, "it is in memory only", "the journal has it") \
	STEP(MEMO_FORGET, forgotten, "the provider does not know an address any more", "the journal has forgotten it") \
	\
	STEP(INTENT, plain, "the request is only known as one to be sent", "the journal has the id that it will be sent with") \
	STEP(SUBMIT, plain, "nothing was sent", "curl has the request to send") \
	MOMENT(SUBMIT_SENDING, plain, "the connection stands, the request is on its way") \
	MOMENT(SUBMIT_REPLYING, plain, "the first line of the reply is here: it is accepted, or not") \
	MOMENT(SUBMIT_ANSWERED, plain, "the whole reply is here, in memory only") \
	STEP(DEFERRED, deferred, "it was provably not accepted", "the journal knows when it is sent again") \
	STEP(LOOKUP, lookup, "whether it was accepted is not known", "curl has the question to send") \
	MOMENT(LOOKED_UP, lookup, "the provider knows it, and it alone") \
	STEP(UNKNOWN, unknown, "the provider cannot say whether it was accepted", "the journal leaves it to a person") \
	STEP(FAILED, failed, "the provider refused it", "the journal knows") \
	STEP(ACCEPTED, polled, "the provider's id of the task is in memory only", "the journal has it") \
	STEP(POLL, polled, "a task is to be asked for", "curl has the question to send") \
	MOMENT(POLLED, polled, "what became of it is in memory only") \
	STEP(URLS, polled, "the result's address is in memory only", "the journal has it") \
	\
	STEP(DOWNLOAD, polled, "there is an empty file for the picture", "curl has the request for it to send") \
	MOMENT(DOWNLOADING, polled, "some of the picture is in its file") \
	MOMENT(DOWNLOADED, polled, "all of it is, and nobody has looked at it") \
	STEP(REFRESH, refresh, "the result's address did not do", "curl has the question for another to send") \
	MOMENT(REFRESHED, refresh, "another address is in memory only") \
	MOMENT(REPLY_COMING, synchronous, "some of a reply with pictures in it is in files") \
	STEP(REPLY, synchronous, "the pictures are in files, what the reply says of them is in memory", \
	     "the reply is recorded beside them") \
	STEP(REPLY_FORGET, synchronous, "the journal has what the reply said", "the record is gone") \
	STEP(CHECK, plain, "the picture's bytes are there, not looked at", "they are a complete picture") \
	STEP(PICTURE_SYNC, plain, "they, and their name, may be in memory only", "both are on the disk") \
	STEP(SYNC, plain, "so may whatever is to be durable together with them", "all of that is on the disk") \
	STEP(FILE, plain, "the journal does not know that file", "it does: nothing needs to be fetched any more") \
	\
	STEP(HISTORY_LINK, edited, "another picture has the name in out/", "it has one in history/, too") \
	STEP(HISTORY_SYNC, edited, "that name may be in memory only", "it is on the disk") \
	STEP(PUBLISH, plain, "the picture is in the hidden folder", "it has its name") \
	STEP(PUBLISH_SYNC, plain, "that name may be in memory only", "it is on the disk") \
	STEP(PUBLISHED, plain, "the journal does not know that it is there", "it does, and the prompt is completed") \
	STEP(BESIDE_SYNC, failed, "what else was made in out/ may be in memory only", "it is on the disk") \
	STEP(KEPT, edited, "the journal knows an older picture by its name in out/", "by the one in history/") \
	STEP(TEXT, synchronous, "what the model wrote stands in out/, the journal does not know that it is ours", "it does") \
	STEP(RETIRE, fewer, "an older picture stands in out/ and history/", "in history/ only") \
	STEP(ERROR_FILE, failed, "why it failed stands nowhere in out/", "it stands there") \
	STEP(ERROR_REMOVE, mended, "an old failure's reason stands in out/", "it is gone") \
	\
	STEP(TIDY, unmounted, "out/ is as it should be, and the journal would have it looked at", "it knows") \
	\
	STEP(GONE, deleted, "the prompt was deleted, the journal does not know", "it does") \
	STEP(RENAME, renamed, "the prompt has another name, the journal does not know", \
	     "it does, and that the pictures are to follow") \
	STEP(REPLACED, replaced, "another prompt has its name, the journal does not know", "it does") \
	STEP(MOVE, renamed, "the picture has its old name", "it has the new one") \
	STEP(MOVE_OVER, onto, "something else has that name, and one in history/", "the picture has it") \
	STEP(MOVE_HISTORY, renamed, "an older picture has its old name in history/", "it has the new one") \
	STEP(MOVED, renamed, "the journal knows the picture by its old name", "by its new one") \
	STEP(MOVES_OVER, renamed, "all have followed, and the journal would have them follow once more", \
	     "it knows that they have")

#define KILL_STEP_ENUM(name, way, before, after) KILL_BEFORE_##name, KILL_AFTER_##name,
#define KILL_MOMENT_ENUM(name, way, now) KILL_##name,
enum kill_point { KILL_TABLE(KILL_STEP_ENUM, KILL_MOMENT_ENUM) KILL_COUNT };

#ifdef KILL_POINTS
void kill_point_(enum kill_point p);
#define kill_point(name) kill_point_(KILL_##name)
/* A command: a line for every point, its name, the way to it, and what is true there. */
int kill_points_print(int argc, char **argv);
#else
#define kill_point(name) ((void)KILL_##name)
#endif

#endif
