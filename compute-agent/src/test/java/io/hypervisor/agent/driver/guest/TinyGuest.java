package io.hypervisor.agent.driver.guest;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.hypervisor.api.v1.InstanceSpec;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HexFormat;

/**
 * Guests of a few bytes in place of a kernel, for what needs a guest and no Linux: they say "tiny
 * guest ready" on the serial port a moment after their start, on any machine of QEMU.
 */
public final class TinyGuest {
    private static final int BASE = 0x100000;
    private static final int NOTE = 0x80;
    private static final int CODE = 0x100;
    private static final int ENTRY_NOTE = 18;
    // mov dx, 0x3fd; wait: in al, dx; test al, 1; jz; mov dx, 0x3f8; in al, dx; out dx, al; jmp
    private static final String ECHO = "66bafd03eca80174f766baf803eceeebef";
    // hlt; jmp: without interrupts
    private static final String REST = "f4ebfd";
    // What a kernel's last words do: mov dx, 0x505; mov al, 1; out dx, al
    private static final String PANIC = "66ba0505b001ee";
    // ACPI's power off of a PC: mov dx, 0x604; mov ax, 0x2000; out dx, ax. What has no such port
    // goes on to an interrupt without a table, which resets: lidt [zeros]; int3; zeros
    private static final String END = "66ba040666b8002066ef0f011d";

    private TinyGuest() {}

    /** Makes the images in a folder of images. */
    public static void make(Path images) {
        write(images.resolve("tiny-echo"), HexFormat.of().parseHex(ECHO));
        // Costs nothing while it runs.
        write(images.resolve("tiny-rest"), HexFormat.of().parseHex(REST));
        write(images.resolve("tiny-panic"), HexFormat.of().parseHex(PANIC + REST));
        byte[] end = HexFormat.of().parseHex(END);
        byte[] code = new byte[end.length + Integer.BYTES + 1 + 2 * Long.BYTES];
        int zeros = BASE + CODE + hello().length + end.length + Integer.BYTES + 1;
        little(code).put(end).putInt(zeros).put((byte) 0xcc);
        write(images.resolve("tiny-end"), code);
    }

    /** Echoes what is typed, until it is ended. Hears no power button. */
    public static InstanceSpec echo() {
        return spec("tiny-echo");
    }

    /** Ends by itself at once: powers off, or resets what cannot be powered off. */
    public static InstanceSpec end() {
        return spec("tiny-end");
    }

    /** Says at once that it cannot go on, and stays. */
    public static InstanceSpec panic() {
        return spec("tiny-panic");
    }

    private static InstanceSpec spec(String image) {
        return InstanceSpec.newBuilder()
                .setImage(image)
                .setCpuCores(1)
                .setMemoryBytes(16 << 20)
                .build();
    }

    /** For each letter: mov dx, 0x3f8; mov al, letter; out dx, al. */
    private static byte[] hello() {
        ByteArrayOutputStream code = new ByteArrayOutputStream();
        for (byte letter : "tiny guest ready\n".getBytes(US_ASCII)) {
            code.writeBytes(HexFormat.of().parseHex("66baf803b0"));
            code.write(letter);
            code.write(0xee);
        }
        return code.toByteArray();
    }

    /** An ELF file whose note (PVH's) says where a processor in protected mode begins. */
    private static void write(Path image, byte[] rest) {
        byte[] hello = hello();
        byte[] content = new byte[CODE + hello.length + rest.length];
        ByteBuffer file = little(content);
        file.put(HexFormat.of().parseHex("7f454c46010101")).position(16);
        file.putShort((short) 2).putShort((short) 3).putInt(1).putInt(BASE + CODE);
        file.putInt(52).putInt(0).putInt(0);
        file.putShort((short) 52).putShort((short) 32).putShort((short) 2);
        file.position(52);
        file.putInt(1).putInt(0).putInt(BASE).putInt(BASE);
        file.putInt(file.capacity()).putInt(file.capacity()).putInt(7).putInt(0x1000);
        int note = 3 * Integer.BYTES + 4 + Long.BYTES;
        file.putInt(4).putInt(NOTE).putInt(BASE + NOTE).putInt(BASE + NOTE);
        file.putInt(note).putInt(note).putInt(4).putInt(4);
        file.position(NOTE);
        file.putInt(4).putInt(Long.BYTES).putInt(ENTRY_NOTE).put("Xen\0".getBytes(US_ASCII));
        file.putLong(BASE + CODE);
        file.position(CODE);
        file.put(hello).put(rest);
        try {
            Files.createDirectories(image);
            Path half = image.resolve("kernel.new");
            Files.write(half, content);
            Files.move(half, image.resolve("kernel"), StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static ByteBuffer little(byte[] content) {
        return ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN);
    }
}
