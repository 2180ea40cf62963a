// ONNX Runtime behind Triton's C interface for backends: the model.onnx of a version is run as it is, each request by
// itself. The parameter intra_op_thread_count of a model's configuration is the number of threads of an execution.
#include <dlfcn.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <exception>
#include <iterator>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

#include "../../Tests/Serving/oracle_api.h"
#include "../../Tests/Serving/oracle_json.h"
#include "runtime_api.h"

namespace {

constexpr Enumeration internalError = 1, unavailable = 4, unsupported = 5;
constexpr Enumeration onDevice = 2;
constexpr uint32_t finalResponse = 1, releaseAll = 1;
constexpr int warnings = 2, sequential = 0, allOptimizations = 99, arena = 1;

// ONNX Runtime's number of each of Triton's element types, in Triton's order; strings are left out.
constexpr int elements[] = {-1, 9, 2, 4, 12, 13, 3, 5, 6, 7, 10, 1, 11, -1, 16};

const OrtApi* ort = nullptr;
OrtEnv* environment = nullptr;
OrtMemoryInfo* mainMemory = nullptr;

struct Failure {
  TRITONSERVER_Error* error;
  explicit Failure(TRITONSERVER_Error* made) : error(made) {}
  Failure(Enumeration code, const std::string& text) : error(TRITONSERVER_ErrorNew(code, text.c_str())) {}
};

void check(TRITONSERVER_Error* error) {
  if (error != nullptr) throw Failure(error);
}

void check(OrtStatus* status) {
  if (status == nullptr) return;
  Failure failure(internalError, std::string("ONNX Runtime: ") + ort->GetErrorMessage(status));
  ort->ReleaseStatus(status);
  throw failure;
}

void drop(TRITONSERVER_Error* error) {
  if (error != nullptr) TRITONSERVER_ErrorDelete(error);
}

// Nothing is thrown into Triton, which is told of it instead.
template <typename Body> TRITONSERVER_Error* guarded(Body body) {
  try {
    body();
    return nullptr;
  } catch (const Failure& failure) {
    return failure.error;
  } catch (const std::exception& exception) {
    return TRITONSERVER_ErrorNew(internalError, exception.what());
  }
}

uint64_t now() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

struct Release {
  void operator()(OrtSession* session) const { ort->ReleaseSession(session); }
  void operator()(OrtSessionOptions* options) const { ort->ReleaseSessionOptions(options); }
  void operator()(OrtTensorTypeAndShapeInfo* info) const { ort->ReleaseTensorTypeAndShapeInfo(info); }
};

template <typename T> using Owned = std::unique_ptr<T, Release>;

// What a function of ONNX Runtime gives back through its last parameter.
template <typename... Parameters, typename... Arguments>
auto made(OrtStatus* (*function)(Parameters...), Arguments... arguments) {
  std::remove_pointer_t<std::tuple_element_t<sizeof...(Arguments), std::tuple<Parameters...>>> result{};
  check(function(arguments..., &result));
  return result;
}

struct Model {
  Owned<OrtSession> session;
  std::vector<std::string> inputs;
  bool isBatched = false;
};

// Names and values as ONNX Runtime takes them.
struct Values {
  std::vector<const char*> names;
  std::vector<OrtValue*> values;
  ~Values() { std::for_each(values.begin(), values.end(), ort->ReleaseValue); }
};

struct Execution {
  int64_t rows = 1;
  uint64_t start = now(), computeStart = start, computeEnd = start;
};

std::unique_ptr<Model> loaded(TRITONBACKEND_Model* handle) {
  TRITONSERVER_Message* message = nullptr;
  const char *base, *folder;
  size_t size;
  Enumeration kind;
  uint64_t version;
  check(TRITONBACKEND_ModelRepository(handle, &kind, &folder));
  check(TRITONBACKEND_ModelVersion(handle, &version));
  check(TRITONBACKEND_ModelConfig(handle, 1, &message));
  check(TRITONSERVER_MessageSerializeToJson(message, &base, &size));
  oracle::JSON config = oracle::JSON::parse(std::string(base, size));
  check(TRITONSERVER_MessageDelete(message));
  std::string threads = config["parameters"]["intra_op_thread_count"]["string_value"].text;

  Owned<OrtSessionOptions> options(made(ort->CreateSessionOptions));
  check(ort->SetSessionGraphOptimizationLevel(options.get(), allOptimizations));
  check(ort->SetSessionExecutionMode(options.get(), sequential));
  check(ort->SetIntraOpNumThreads(options.get(), threads.empty() ? 1 : atoi(threads.c_str())));
  check(ort->SetInterOpNumThreads(options.get(), 1));
  std::string file = std::string(folder) + "/" + std::to_string(version) + "/model.onnx";
  auto model = std::make_unique<Model>();
  model->session.reset(made(ort->CreateSession, environment, file.c_str(), options.get()));
  for (auto& input : config["input"].list) model->inputs.push_back(input["name"].text);
  model->isBatched = atoll(config["max_batch_size"].text.c_str()) > 0;
  return model;
}

// The tensor of an input, over Triton's memory where that is one piece, else over what was gathered from the pieces.
OrtValue* tensor(TRITONBACKEND_Request* request, const std::string& name, std::string& gathered, int64_t& rows) {
  TRITONBACKEND_Input* input = nullptr;
  const char* found;
  Enumeration type;
  const int64_t* shape;
  uint32_t rank, buffers;
  uint64_t size;
  check(TRITONBACKEND_RequestInput(request, name.c_str(), &input));
  check(TRITONBACKEND_InputProperties(input, &found, &type, &shape, &rank, &size, &buffers));
  if ((size_t)type >= std::size(elements) || elements[type] < 0)
    throw Failure(unsupported, "input '" + name + "' of " + TRITONSERVER_DataTypeString(type) + " is not supported");
  const void* data = nullptr;
  for (uint32_t i = 0; i < buffers; i++) {
    Enumeration memory = 0;
    int64_t device = 0;
    check(TRITONBACKEND_InputBuffer(input, i, &data, &size, &memory, &device));
    if (memory == onDevice) throw Failure(unsupported, "input '" + name + "' is in a device's memory");
    if (buffers > 1) gathered.append((const char*)data, size);
  }
  if (buffers != 1) {
    data = gathered.data();
    size = gathered.size();
  }
  if (rank > 0) rows = shape[0];
  return made(ort->CreateTensorWithDataAsOrtValue, mainMemory, (void*)data, size, shape, rank, elements[type]);
}

void write(TRITONBACKEND_Response* response, const std::string& name, OrtValue* value) {
  Owned<OrtTensorTypeAndShapeInfo> info(made(ort->GetTensorTypeAndShape, value));
  int element = made(ort->GetTensorElementType, info.get());
  auto type = std::find(std::begin(elements), std::end(elements), element);
  if (type == std::end(elements))
    throw Failure(unsupported, "output '" + name + "' of ONNX's type " + std::to_string(element) + " is not supported");
  std::vector<int64_t> shape(made(ort->GetDimensionsCount, info.get()));
  check(ort->GetDimensions(info.get(), shape.data(), shape.size()));
  Enumeration sent = type - std::begin(elements), memory = 0;
  size_t size = made(ort->GetTensorShapeElementCount, info.get()) * TRITONSERVER_DataTypeByteSize(sent);
  TRITONBACKEND_Output* output = nullptr;
  void* base = nullptr;
  int64_t device = 0;
  check(TRITONBACKEND_ResponseOutput(response, &output, name.c_str(), sent, shape.data(), shape.size()));
  check(TRITONBACKEND_OutputBuffer(output, &base, size, &memory, &device));
  if (memory == onDevice) throw Failure(unsupported, "output '" + name + "' is wanted in a device's memory");
  if (size > 0) memcpy(base, made(ort->GetTensorMutableData, value), size);
}

void answer(const Model& model, TRITONBACKEND_Request* request, TRITONBACKEND_Response* response, Execution& execution) {
  std::vector<std::string> gathered(model.inputs.size());
  Values inputs, outputs;
  for (size_t i = 0; i < model.inputs.size(); i++) {
    inputs.names.push_back(model.inputs[i].c_str());
    inputs.values.push_back(tensor(request, model.inputs[i], gathered[i], execution.rows));
  }
  if (!model.isBatched) execution.rows = 1;
  uint32_t count = 0;
  check(TRITONBACKEND_RequestOutputCount(request, &count));
  outputs.names.resize(count);
  outputs.values.resize(count);
  for (uint32_t i = 0; i < count; i++) check(TRITONBACKEND_RequestOutputName(request, i, &outputs.names[i]));
  execution.computeStart = now();
  OrtStatus* status = ort->Run(model.session.get(), nullptr, inputs.names.data(), inputs.values.data(),
                               inputs.values.size(), outputs.names.data(), count, outputs.values.data());
  execution.computeEnd = now();
  check(status);
  for (uint32_t i = 0; i < count; i++) write(response, outputs.names[i], outputs.values[i]);
}

}  // namespace

#define EXPORTED extern "C" __attribute__((visibility("default")))

EXPORTED TRITONSERVER_Error* TRITONBACKEND_Initialize(TRITONBACKEND_Backend*) {
  return guarded([] {
    void* library = dlopen(RUNTIME_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    void* symbol = library == nullptr ? nullptr : dlsym(library, "OrtGetApiBase");
    if (symbol == nullptr) throw Failure(unavailable, dlerror());
    const OrtApiBase* base = reinterpret_cast<const OrtApiBase* (*)()>(symbol)();
    ort = base->GetApi(1);
    if (ort == nullptr) throw Failure(unavailable, std::string("no interface 1 in ONNX Runtime ") + base->GetVersionString());
    environment = made(ort->CreateEnv, warnings, "triton");
    mainMemory = made(ort->CreateCpuMemoryInfo, arena, 0);
  });
}

EXPORTED TRITONSERVER_Error* TRITONBACKEND_Finalize(TRITONBACKEND_Backend*) {
  if (ort == nullptr) return nullptr;
  ort->ReleaseMemoryInfo(mainMemory);
  ort->ReleaseEnv(environment);
  return nullptr;
}

EXPORTED TRITONSERVER_Error* TRITONBACKEND_ModelInitialize(TRITONBACKEND_Model* handle) {
  return guarded([&] {
    std::unique_ptr<Model> model = loaded(handle);
    check(TRITONBACKEND_ModelSetState(handle, model.get()));
    model.release();
  });
}

EXPORTED TRITONSERVER_Error* TRITONBACKEND_ModelFinalize(TRITONBACKEND_Model* handle) {
  void* state = nullptr;
  drop(TRITONBACKEND_ModelState(handle, &state));
  delete static_cast<Model*>(state);
  return nullptr;
}

EXPORTED TRITONSERVER_Error* TRITONBACKEND_ModelInstanceExecute(
    TRITONBACKEND_ModelInstance* instance, TRITONBACKEND_Request** requests, uint32_t count) {
  TRITONBACKEND_Model* handle = nullptr;
  void* state = nullptr;
  if (TRITONSERVER_Error* error = TRITONBACKEND_ModelInstanceModel(instance, &handle)) return error;
  if (TRITONSERVER_Error* error = TRITONBACKEND_ModelState(handle, &state)) return error;
  for (uint32_t i = 0; i < count; i++) {
    TRITONBACKEND_Response* response = nullptr;
    Execution run;
    TRITONSERVER_Error* error = guarded([&] {
      check(TRITONBACKEND_ResponseNew(&response, requests[i]));
      answer(*static_cast<Model*>(state), requests[i], response, run);
    });
    if (response != nullptr) drop(TRITONBACKEND_ResponseSend(response, finalResponse, error));
    uint64_t end = now();
    drop(TRITONBACKEND_ModelInstanceReportStatistics(
        instance, requests[i], error == nullptr, run.start, run.computeStart, run.computeEnd, end));
    if (error == nullptr)
      drop(TRITONBACKEND_ModelInstanceReportBatchStatistics(
          instance, run.rows, run.start, run.computeStart, run.computeEnd, end));
    drop(error);
    drop(TRITONBACKEND_RequestRelease(requests[i], releaseAll));
  }
  return nullptr;
}
