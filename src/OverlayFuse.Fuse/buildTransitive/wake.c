/*
 * The handler of the signal that ends a blocked system call of another thread (Sys.EnableThreadWaking). It does nothing. It is C because
 * a signal may come while the runtime suspends managed code, and it is linked in because a static program has no libc to be searched.
 */
void (*overlayfuse_wake_handler(void))(int);

static void wake(int number)
{
    (void)number;
}

void (*overlayfuse_wake_handler(void))(int)
{
    return wake;
}
