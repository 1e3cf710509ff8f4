package io.hypervisor.console;

import com.google.protobuf.ProtocolMessageEnum;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The API's enum values as words: INSTANCE_STATE_NOT_READY is "not-ready". */
final class Words {
    private Words() {}

    /** The word for a value; empty for the unspecified one. */
    static String of(ProtocolMessageEnum value) {
        // A newer server may send a value that this client was not built with.
        if (((Enum<?>) value).name().equals("UNRECOGNIZED")) {
            return "unknown-value";
        }
        return value.getNumber() == 0 ? "" : word(value);
    }

    /** All words of an enum, in its order. */
    static <E extends Enum<E> & ProtocolMessageEnum> List<String> all(Class<E> type) {
        return Arrays.stream(type.getEnumConstants())
                .filter(value -> !value.name().equals("UNRECOGNIZED") && value.getNumber() != 0)
                .map(Words::word)
                .toList();
    }

    /**
     * The value for a word, in any case.
     *
     * @throws IllegalArgumentException if there is none, naming all there are
     */
    static <E extends Enum<E> & ProtocolMessageEnum> E parse(Class<E> type, String word) {
        String wanted = word.toLowerCase(Locale.ROOT).replace('_', '-');
        Optional<E> found =
                Arrays.stream(type.getEnumConstants())
                        .filter(value -> !value.name().equals("UNRECOGNIZED"))
                        .filter(value -> Words.of(value).equals(wanted) && !wanted.isEmpty())
                        .findFirst();
        return found.orElseThrow(
                () ->
                        new IllegalArgumentException(
                                "'"
                                        + word
                                        + "' is none of them (expected: "
                                        + String.join(", ", all(type))
                                        + ")"));
    }

    private static String word(ProtocolMessageEnum value) {
        // InstanceState's values begin with INSTANCE_STATE_.
        String prefix =
                value.getDescriptorForType().getName().replaceAll("(?<=[a-z])(?=[A-Z])", "_");
        String name = value.getValueDescriptor().getName();
        return name.substring(prefix.length() + 1).toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
