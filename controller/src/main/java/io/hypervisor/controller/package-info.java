/**
 * The controller process: its configuration, and the wiring of its parts by hand, in the order in
 * which they need each other. Nothing is decided here.
 */
package io.hypervisor.controller;
