package io.hypervisor.core.config;

import java.util.Comparator;
import java.util.List;

/** Finds what somebody most likely meant. */
public final class Nearest {
    private Nearest() {}

    /** The candidate with the fewest edits from the given text; candidates must not be empty. */
    public static String to(String given, List<String> candidates) {
        return candidates.stream()
                .min(Comparator.comparingInt(candidate -> distance(given, candidate)))
                .orElseThrow();
    }

    private static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int change = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(change, Math.min(row[j], row[j - 1]) + 1);
            }
        }
        return row[b.length()];
    }
}
