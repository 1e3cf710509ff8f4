package io.hypervisor.core.spec;

import java.nio.charset.StandardCharsets;
import java.util.Collection;

/** Properties of texts that go into files, XML and argument vectors. */
final class Texts {
    private Texts() {}

    /** Whether a text is printable ASCII. */
    static boolean isPrintableAscii(String text) {
        return text.chars().allMatch(c -> c >= 0x20 && c <= 0x7e);
    }

    /**
     * Whether a text may stand, escaped, in XML 1.0 on one line: no control characters, no halves
     * of surrogate pairs, no noncharacters.
     */
    static boolean isPlain(String text) {
        return text.codePoints()
                .noneMatch(
                        c ->
                                Character.isISOControl(c)
                                        || (c >= 0xD800 && c <= 0xDFFF)
                                        || (c & 0xFFFE) == 0xFFFE);
    }

    /** Whether a text is an absolute path, plain, without empty, "." or ".." parts. */
    static boolean isSafePath(String text) {
        if (!text.startsWith("/") || !isPlain(text)) {
            return false;
        }
        for (String part : text.substring(1).split("/", -1)) {
            if (part.isEmpty() || part.equals(".") || part.equals("..")) {
                return false;
            }
        }
        return true;
    }

    /** The bytes of all texts in UTF-8. */
    static long bytes(Collection<String> texts) {
        return texts.stream().mapToLong(text -> text.getBytes(StandardCharsets.UTF_8).length).sum();
    }
}
