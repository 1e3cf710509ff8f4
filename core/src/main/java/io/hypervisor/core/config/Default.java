package io.hypervisor.core.config;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * The value of a configuration key that is not given, as it would be written in YAML. A key without
 * a default is required, unless its type is a record, an Optional, a List or a Map.
 */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
public @interface Default {
    /** The value's text. */
    String value();
}
