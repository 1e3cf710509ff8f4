/**
 * hvctl, the command line client of the cluster.
 *
 * <p>Knows the public API alone: it asks one server, shows what it answers, and keeps nothing but
 * the user's own list of contexts.
 *
 * <ul>
 *   <li>Data goes to stdout, everything said about it to stderr. Colour and progress only reach a
 *       terminal.
 *   <li>Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not placed, 4 timed out, 5 a traced packet
 *       is dropped.
 *   <li>JSON and YAML are the API's own JSON; human units and relative times are for tables.
 *   <li>Waiting reads a watch stream; nothing polls.
 *   <li>A verb never asks a question: what is dangerous wants {@code --yes}.
 * </ul>
 *
 * <p>Must never: decide what the controller decides, retry a write that the API does not declare
 * safe to repeat, or pass input to a shell.
 */
package io.hypervisor.console;
