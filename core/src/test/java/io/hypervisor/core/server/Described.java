package io.hypervisor.core.server;

import com.google.protobuf.ByteString;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.Descriptors.DescriptorValidationException;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.Descriptors.MethodDescriptor;
import com.google.protobuf.InvalidProtocolBufferException;

import io.grpc.Channel;
import io.grpc.StatusException;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.reflection.v1.ServiceResponse;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** What a server says of itself, to a client that knows only its address. */
public final class Described {
    private final Map<String, FileDescriptorProto> protos = new HashMap<>();
    private final Map<String, FileDescriptor> files = new HashMap<>();

    private Described() {}

    /** The names of all services. */
    public static List<String> services(Channel channel) {
        return ask(channel, ServerReflectionRequest.newBuilder().setListServices(""))
                .getListServicesResponse()
                .getServiceList()
                .stream()
                .map(ServiceResponse::getName)
                .sorted()
                .toList();
    }

    /** All methods of all services. */
    public static List<MethodDescriptor> methods(Channel channel) {
        Described described = new Described();
        return services(channel).stream()
                .flatMap(service -> described.service(channel, service).stream())
                .toList();
    }

    /** The server gives the service's file with all that this one needs. */
    private List<MethodDescriptor> service(Channel channel, String name) {
        ServerReflectionResponse answer =
                ask(channel, ServerReflectionRequest.newBuilder().setFileContainingSymbol(name));
        for (ByteString bytes : answer.getFileDescriptorResponse().getFileDescriptorProtoList()) {
            try {
                FileDescriptorProto proto = FileDescriptorProto.parseFrom(bytes);
                protos.put(proto.getName(), proto);
            } catch (InvalidProtocolBufferException e) {
                throw new IllegalStateException(e);
            }
        }
        protos.keySet().forEach(this::file);
        return files.values().stream()
                .flatMap(file -> file.getServices().stream())
                .filter(service -> service.getFullName().equals(name))
                .findFirst()
                .orElseThrow()
                .getMethods();
    }

    private FileDescriptor file(String name) {
        FileDescriptor known = files.get(name);
        if (known != null) {
            return known;
        }
        FileDescriptorProto proto = protos.get(name);
        FileDescriptor[] imports =
                proto.getDependencyList().stream().map(this::file).toArray(FileDescriptor[]::new);
        try {
            FileDescriptor file = FileDescriptor.buildFrom(proto, imports);
            files.put(name, file);
            return file;
        } catch (DescriptorValidationException e) {
            throw new IllegalStateException(e);
        }
    }

    private static ServerReflectionResponse ask(
            Channel channel, ServerReflectionRequest.Builder request) {
        try {
            var call =
                    ServerReflectionGrpc.newBlockingV2Stub(channel)
                            .withDeadlineAfter(30, TimeUnit.SECONDS)
                            .serverReflectionInfo();
            call.write(request.build());
            call.halfClose();
            return call.read();
        } catch (StatusException e) {
            throw e.getStatus().asRuntimeException();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
