/**
 * Typed configuration: a record per component, filled from a YAML file, the environment and flags.
 *
 * <p>The record's component names are the keys (camelCase in Java, snake_case outside), its types
 * are the rules, its compact constructor checks ranges and throws {@link
 * io.hypervisor.core.config.ConfigException}. An unknown key fails the start and names the nearest
 * valid one.
 */
package io.hypervisor.core.config;
