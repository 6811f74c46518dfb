/* What a process may do is best found out by doing it, in a child that ends. What the managed side calls. */
#ifndef OVERLAYFUSE_PROBE_H
#define OVERLAYFUSE_PROBE_H

/* How far a child came that makes a user namespace of its own and mounts FUSE in it. Keep in step with NativeProbe.cs. */
enum overlayfuse_step { STEP_FORK, STEP_USER_NAMESPACE, STEP_ID_MAPS, STEP_MOUNT_NAMESPACE, STEP_DEVICE, STEP_MOUNT, STEP_DONE };

/* Tries it over a directory; nothing is seen of it outside, and nothing is left. Returns 0, or the errno of the step in *reached, which is
   then the one that failed. */
int overlayfuse_probe_user_namespace(const char *directory, int *reached);

#endif
