package io.hypervisor.controller.watch;

import java.util.Optional;

/** One resource before and after a change; absent where it does not exist. Never equal. */
record Delta<T>(Optional<T> before, Optional<T> after) {}
