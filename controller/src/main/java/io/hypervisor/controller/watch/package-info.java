/**
 * Change streams for watchers.
 *
 * <p>{@link io.hypervisor.controller.watch.WatchHub} hears of every commit once and keeps the
 * latest changes, as the API shows them, in a bounded ring. A watcher is a cursor into that ring
 * and a filter: it owns no queue, so a stalled reader costs nothing but its place, and loses it
 * when the ring has moved on.
 *
 * <p>Promises: changes come in revision order (ordered), each once (unique), all of one revision
 * before any of the next (atomic), none left out (reliable), and go on after any revision that is
 * still kept (resumable); an idle stream learns how far it has got (bookmarkable). Nothing here
 * reads the store or blocks the publisher on a reader.
 */
package io.hypervisor.controller.watch;
