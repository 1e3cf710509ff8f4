package io.hypervisor.agent.driver.containerd;

import io.hypervisor.agent.driver.containerd.wire.Mount;
import io.hypervisor.api.v1.InstanceSpec;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** Who a container's process is, as numbers. */
record Account(long uid, long gid, List<Long> groups) {
    static final Account ROOT = new Account(0, 0, List.of());

    private static final Pattern NUMBER = Pattern.compile("[0-9]{1,10}");
    // The runtime's own limit.
    private static final long MAX_ID = 0x7FFF_FFFFL;

    /** Who runs: as the specification says, else as the image does. */
    static Account of(InstanceSpec spec, ImageConfig image, List<Mount> rootfs) {
        boolean own = !spec.getUser().isEmpty();
        return of(
                own ? "spec.user" : "image user",
                own ? spec.getUser() : image.user(),
                RootFiles.etc(rootfs, "passwd"),
                RootFiles.etc(rootfs, "group"));
    }

    /**
     * Resolves a user, which is USER or USER:GROUP, each a name or a number. A user that passwd
     * does not know must be a number and gets group 0; one with a group has no other groups.
     *
     * @param field where the user was named
     * @param passwd content of the image's /etc/passwd, empty without one
     * @param group content of the image's /etc/group, empty without one
     */
    static Account of(String field, String user, String passwd, String group) {
        if (user.isEmpty()) {
            return ROOT;
        }
        int colon = user.indexOf(':');
        String name = colon < 0 ? user : user.substring(0, colon);
        String groupName = colon < 0 ? "" : user.substring(colon + 1);
        Optional<String[]> entry =
                lines(passwd, 4).stream()
                        .filter(f -> f[0].equals(name) || f[2].equals(name))
                        .findFirst();
        Texts texts = new Texts(field, user);
        long uid = texts.number(entry.map(f -> f[2]).orElse(name));
        if (!groupName.isEmpty()) {
            String gid =
                    lines(group, 3).stream()
                            .filter(f -> f[0].equals(groupName))
                            .map(f -> f[2])
                            .findFirst()
                            .orElse(groupName);
            return new Account(uid, texts.number(gid), List.of());
        }
        long gid = entry.map(f -> texts.number(f[3])).orElse(0L);
        List<Long> groups = new ArrayList<>();
        entry.ifPresent(e -> groups.addAll(memberships(texts, e[0], group)));
        return new Account(uid, gid, List.copyOf(groups));
    }

    private static List<Long> memberships(Texts texts, String name, String group) {
        return lines(group, 4).stream()
                .filter(f -> List.of(f[3].split(",", -1)).contains(name))
                .map(f -> texts.number(f[2]))
                .toList();
    }

    private static List<String[]> lines(String file, int fields) {
        return file.lines()
                .map(line -> line.split(":", -1))
                .filter(parts -> parts.length >= fields)
                .toList();
    }

    /** Where a user was named, and how. */
    private record Texts(String field, String user) {
        long number(String text) {
            if (NUMBER.matcher(text).matches() && Long.parseLong(text) <= MAX_ID) {
                return Long.parseLong(text);
            }
            throw Wording.wrong(
                    field,
                    Wording.printable(user),
                    "numbers up to 2147483647, or names in the image's /etc/passwd and /etc/group");
        }
    }
}
