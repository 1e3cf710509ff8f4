/**
 * The embedded store: one SQLite file, for a controller of one replica.
 *
 * <p>WAL with synchronous=FULL: a commit that has returned survives a crash of process and machine.
 * One connection, one process: a lock file keeps a second one out. The history of changes is kept
 * in memory alone, because whoever follows changes loads first. No other package touches the file.
 */
package io.hypervisor.controller.store.local;
