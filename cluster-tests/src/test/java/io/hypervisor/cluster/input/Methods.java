package io.hypervisor.cluster.input;

import com.google.protobuf.ByteString;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.Descriptors.DescriptorValidationException;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.Descriptors.MethodDescriptor;
import com.google.protobuf.InvalidProtocolBufferException;

import io.grpc.Channel;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.stub.StreamObserver;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** Every method that a server says it has, through reflection. */
final class Methods {
    private final Map<String, FileDescriptorProto> files = new HashMap<>();
    private final Map<String, FileDescriptor> built = new HashMap<>();
    private final Channel channel;

    private Methods(Channel channel) {
        this.channel = channel;
    }

    static List<MethodDescriptor> of(Channel channel) {
        Methods methods = new Methods(channel);
        return methods
                .ask(ServerReflectionRequest.newBuilder().setListServices(""))
                .getListServicesResponse()
                .getServiceList()
                .stream()
                .flatMap(service -> methods.service(service.getName()).stream())
                .toList();
    }

    private List<MethodDescriptor> service(String name) {
        var answer = ask(ServerReflectionRequest.newBuilder().setFileContainingSymbol(name));
        for (ByteString bytes : answer.getFileDescriptorResponse().getFileDescriptorProtoList()) {
            try {
                FileDescriptorProto file = FileDescriptorProto.parseFrom(bytes);
                files.put(file.getName(), file);
            } catch (InvalidProtocolBufferException e) {
                throw new IllegalStateException(e);
            }
        }
        List.copyOf(files.keySet()).forEach(this::build);
        return built.values().stream()
                .flatMap(file -> file.getServices().stream())
                .filter(service -> service.getFullName().equals(name))
                .findFirst()
                .orElseThrow()
                .getMethods();
    }

    private FileDescriptor build(String name) {
        FileDescriptor known = built.get(name);
        if (known != null) {
            return known;
        }
        FileDescriptorProto file = files.get(name);
        try {
            FileDescriptor[] imports =
                    file.getDependencyList().stream()
                            .map(this::build)
                            .toArray(FileDescriptor[]::new);
            FileDescriptor descriptor = FileDescriptor.buildFrom(file, imports);
            built.put(name, descriptor);
            return descriptor;
        } catch (DescriptorValidationException e) {
            throw new IllegalStateException(e);
        }
    }

    private ServerReflectionResponse ask(ServerReflectionRequest.Builder request) {
        CompletableFuture<ServerReflectionResponse> answer = new CompletableFuture<>();
        StreamObserver<ServerReflectionRequest> requests =
                ServerReflectionGrpc.newStub(channel)
                        .serverReflectionInfo(
                                new StreamObserver<>() {
                                    @Override
                                    public void onNext(ServerReflectionResponse value) {
                                        answer.complete(value);
                                    }

                                    @Override
                                    public void onError(Throwable t) {
                                        answer.completeExceptionally(t);
                                    }

                                    @Override
                                    public void onCompleted() {}
                                });
        requests.onNext(request.build());
        requests.onCompleted();
        return answer.join();
    }
}
