package io.hypervisor.console;

import java.util.function.Function;

/**
 * One column of a table of {@code T}.
 *
 * @param wide only in the wide table
 * @param state its words are coloured by how good they are
 */
record Column<T>(String name, boolean wide, boolean state, Function<T, String> text) {

    static <T> Column<T> of(String name, Function<T, String> text) {
        return new Column<>(name, false, false, text);
    }

    static <T> Column<T> wide(String name, Function<T, String> text) {
        return new Column<>(name, true, false, text);
    }

    static <T> Column<T> state(String name, Function<T, String> text) {
        return new Column<>(name, false, true, text);
    }
}
