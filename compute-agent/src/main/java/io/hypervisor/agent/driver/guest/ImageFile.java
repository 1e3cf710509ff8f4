package io.hypervisor.agent.driver.guest;

import io.hypervisor.agent.image.DiskHeader;

import java.nio.file.Path;

/**
 * A disk image that refers to no other file.
 *
 * @param format "qcow2" or "raw"
 * @param virtualBytes size of the disk that it holds
 */
public record ImageFile(Path path, String format, long virtualBytes) {
    static ImageFile inspect(Path path) {
        DiskHeader header = DiskHeader.read(path);
        return new ImageFile(path, header.format(), header.virtualBytes());
    }
}
