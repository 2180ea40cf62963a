// Models for a Triton server that has no backend for ONNX: the same functions as the small ONNX
// files of models.py, over Triton's C interface for backends. Which function is read from the parameter "oracle" of a
// model's configuration, else from the name of the backend (identity, repeat, square).
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "oracle_api.h"
#include "oracle_json.h"

namespace {

constexpr Enumeration invalidArgument = 3;
constexpr Enumeration uint32 = 4, int32 = 8, int64 = 9, fp32 = 11, bytes = 13;
constexpr uint32_t finalResponse = 1, releaseAll = 1;

void drop(TRITONSERVER_Error* error) {
  if (error != nullptr) TRITONSERVER_ErrorDelete(error);
}

uint64_t now() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

struct Tensor {
  Enumeration type = 0;
  std::vector<int64_t> shape;
  std::string data;

  template <typename T> T at(size_t index) const {
    T value{};
    if ((index + 1) * sizeof(T) <= data.size()) memcpy(&value, &data[index * sizeof(T)], sizeof(T));
    return value;
  }
  size_t count() const {
    size_t size = TRITONSERVER_DataTypeByteSize(type);
    return size == 0 ? 0 : data.size() / size;
  }
};

template <typename T> Tensor filled(Enumeration type, std::vector<int64_t> shape, T value) {
  Tensor result{type, shape, {}};
  int64_t count = 1;
  for (int64_t extent : shape) count *= extent;
  for (int64_t i = 0; i < count; i++) result.data.append((const char*)&value, sizeof(T));
  return result;
}

template <typename T> void combine(Tensor& sum, const Tensor& other, int sign) {
  for (size_t i = 0; i < sum.count(); i++) {
    T value = sum.at<T>(i) + sign * other.at<T>(i);
    memcpy(&sum.data[i * sizeof(T)], &value, sizeof(T));
  }
}

// a + sign * b, of equal shapes.
Tensor combined(Tensor a, const Tensor& b, int sign) {
  switch (a.type) {
    case 2: combine<uint8_t>(a, b, sign); break;
    case 6: combine<int8_t>(a, b, sign); break;
    case 8: combine<int32_t>(a, b, sign); break;
    case 9: combine<int64_t>(a, b, sign); break;
    case 12: combine<double>(a, b, sign); break;
    default: combine<float>(a, b, sign);
  }
  return a;
}

struct Model {
  std::string function, firstOutput;
  uint64_t version = 0;
  int64_t maxBatchSize = 0, delayMilliseconds = 0;
  std::vector<std::pair<std::string, std::string>> copies;  // output, input
  std::map<std::string, Enumeration> inputs;
  std::atomic<int> streams{0};
};

struct Request {
  TRITONBACKEND_Request* request;
  const Model& model;
  TRITONSERVER_Error* error = nullptr;

  bool read(const std::string& name, Tensor& tensor) const {
    TRITONBACKEND_Input* input = nullptr;
    if (TRITONSERVER_Error* error = TRITONBACKEND_RequestInput(request, name.c_str(), &input)) {
      drop(error);
      return false;
    }
    const char* found;
    const int64_t* shape;
    uint32_t rank, buffers;
    uint64_t size;
    drop(TRITONBACKEND_InputProperties(input, &found, &tensor.type, &shape, &rank, &size, &buffers));
    tensor.shape.assign(shape, shape + rank);
    tensor.data.clear();
    for (uint32_t i = 0; i < buffers; i++) {
      const void* base = nullptr;
      Enumeration memory;
      int64_t device;
      drop(TRITONBACKEND_InputBuffer(input, i, &base, &size, &memory, &device));
      if (size > 0) tensor.data.append((const char*)base, size);
    }
    return true;
  }

  bool wants(const std::string& name) const {
    uint32_t count = 0;
    drop(TRITONBACKEND_RequestOutputCount(request, &count));
    for (uint32_t i = 0; i < count; i++) {
      const char* asked = "";
      drop(TRITONBACKEND_RequestOutputName(request, i, &asked));
      if (name == asked) return true;
    }
    return false;
  }

  int64_t batch() const {
    if (model.maxBatchSize == 0) return 1;
    Tensor tensor;
    for (auto& [name, type] : model.inputs)
      if (read(name, tensor) && !tensor.shape.empty()) return tensor.shape[0];
    return 1;
  }

  // The first failure is kept in `error`.
  void write(TRITONBACKEND_Response* response, const std::string& name, const Tensor& tensor) {
    if (error != nullptr || !wants(name)) return;
    TRITONBACKEND_Output* output = nullptr;
    error = TRITONBACKEND_ResponseOutput(
        response, &output, name.c_str(), tensor.type, tensor.shape.data(), tensor.shape.size());
    if (error != nullptr) return;
    void* base = nullptr;
    Enumeration memory = 0;
    int64_t device = 0;
    error = TRITONBACKEND_OutputBuffer(output, &base, tensor.data.size(), &memory, &device);
    if (error == nullptr && base != nullptr) memcpy(base, tensor.data.data(), tensor.data.size());
  }

  void keep(const std::string& name, const Tensor& tensor) const {
    TRITONBACKEND_State* state = nullptr;
    drop(TRITONBACKEND_StateNew(
        &state, request, name.c_str(), tensor.type, tensor.shape.data(), tensor.shape.size()));
    void* base = nullptr;
    Enumeration memory = 0;
    int64_t device = 0;
    drop(TRITONBACKEND_StateBuffer(state, &base, tensor.data.size(), &memory, &device));
    if (base != nullptr) memcpy(base, tensor.data.data(), tensor.data.size());
    drop(TRITONBACKEND_StateUpdate(state));
  }
};

// Without what follows the last string: Triton pads identifiers of sequences.
Tensor unpadded(Tensor tensor) {
  if (tensor.type != bytes) return tensor;
  size_t count = 1, end = 0;
  for (int64_t extent : tensor.shape) count *= extent;
  for (size_t i = 0; i < count && end + 4 <= tensor.data.size(); i++) {
    uint32_t length;
    memcpy(&length, &tensor.data[end], 4);
    end += 4 + length;
  }
  if (end < tensor.data.size()) tensor.data.resize(end);
  return tensor;
}

// Fills the response; an error is the answer instead.
TRITONSERVER_Error* answer(
    Request& request, TRITONBACKEND_Response* response, int64_t executed) {
  const Model& model = request.model;
  Tensor a, b;
  if (model.function == "identity") {
    for (auto& [output, input] : model.copies)
      if (request.read(input, a)) request.write(response, output, unpadded(a));
  } else if (model.function == "add_sub" || model.function == "add") {
    request.read("INPUT0", a);
    bool two = request.read("INPUT1", b);
    request.write(response, "OUTPUT0", two ? combined(a, b, 1) : a);
    if (model.function == "add_sub") request.write(response, "OUTPUT1", combined(a, b, -1));
  } else if (model.function == "version") {
    request.read("INPUT0", a);
    request.write(
        response, "OUTPUT0", combined(a, filled<float>(fp32, a.shape, (float)model.version), 1));
  } else if (model.function == "batch") {
    request.read("INPUT0", a);
    request.write(response, "OUTPUT0", filled<int64_t>(int64, {a.shape[0], 1}, executed));
  } else if (model.function == "accumulate") {
    request.read("INPUT0", a);
    request.read("STATE_IN", b);
    Tensor sum = combined(a, b, 1);
    request.write(response, "OUTPUT0", sum);
    request.keep("STATE_OUT", sum);
  } else if (model.function == "ragged_sum") {
    request.read("INPUT0", a);
    float sum = 0;
    for (size_t i = 0; i < a.count(); i++) sum += a.at<float>(i);
    request.write(response, "OUTPUT0", filled<float>(fp32, {1, 1}, sum));
    request.write(response, "OUTPUT1", filled<float>(fp32, {1, 1}, (float)a.count()));
  } else if (model.function == "pick") {
    request.read("INPUT0", a);
    request.read("INPUT1", b);
    int64_t index = b.at<int64_t>(0);
    if (index < -4 || index >= 4) return TRITONSERVER_ErrorNew(1, "index is out of bounds");
    request.write(
        response, "OUTPUT0", filled<float>(fp32, {1}, a.at<float>((index + 4) % 4)));
  } else if (model.function == "classifier") {
    request.read("INPUT0", a);
    Tensor scores{fp32, {a.shape[0], 10}, {}};
    size_t width = a.shape[1];
    for (int64_t row = 0; row < a.shape[0]; row++)
      for (int column = 0; column < 10; column++) {
        float sum = 0;
        for (size_t i = column; i < width; i += 10) sum += a.at<float>(row * width + i);
        scores.data.append((const char*)&sum, sizeof sum);
      }
    request.write(response, "OUTPUT0", scores);
  } else {
    return TRITONSERVER_ErrorNew(invalidArgument, ("no function " + model.function).c_str());
  }
  return request.error;
}

// The decoupled models answer from a thread of their own, as Triton's samples do.
void stream(std::shared_ptr<Model> model, TRITONBACKEND_ResponseFactory* factory, Tensor in,
            Tensor delay, bool withIndex, bool first) {
  for (size_t i = 0; i < in.count(); i++) {
    usleep(1000 * delay.at<uint32_t>(i));
    bool cancelled = false;
    drop(TRITONBACKEND_ResponseFactoryIsCancelled(factory, &cancelled));
    if (cancelled) break;
    TRITONBACKEND_Response* response = nullptr;
    drop(TRITONBACKEND_ResponseNewFromFactory(&response, factory));
    auto put = [&](const char* name, Enumeration type, uint32_t value) {
      std::vector<int64_t> shape{1};
      if (model->maxBatchSize > 0) shape.insert(shape.begin(), 1);
      TRITONBACKEND_Output* output = nullptr;
      drop(TRITONBACKEND_ResponseOutput(response, &output, name, type, shape.data(), shape.size()));
      void* base = nullptr;
      Enumeration memory = 0;
      int64_t device = 0;
      drop(TRITONBACKEND_OutputBuffer(output, &base, 4, &memory, &device));
      if (base != nullptr) memcpy(base, &value, 4);
    };
    put(model->firstOutput.c_str(), int32, in.at<uint32_t>(first ? 0 : i));
    if (withIndex) put("IDX", uint32, i);
    drop(TRITONBACKEND_ResponseSend(response, 0, nullptr));
  }
  drop(TRITONBACKEND_ResponseFactorySendFlags(factory, finalResponse));
  drop(TRITONBACKEND_ResponseFactoryDelete(factory));
  model->streams--;
}

void startStream(std::shared_ptr<Model> model, const Request& request) {
  TRITONBACKEND_ResponseFactory* factory = nullptr;
  drop(TRITONBACKEND_ResponseFactoryNew(&factory, request.request));
  Tensor in, delay, wait;
  if (model->function == "repeat") {
    request.read("IN", in);
    request.read("DELAY", delay);
    request.read("WAIT", wait);
  } else {  // square: the value n is sent n times
    request.read("IN", wait);
    in = filled<int32_t>(int32, {wait.at<int32_t>(0)}, wait.at<int32_t>(0));
    wait = Tensor{};
  }
  bool withIndex = model->function == "repeat";
  model->streams++;
  std::thread(stream, model, factory, in, delay, withIndex, !withIndex).detach();
  usleep(1000 * wait.at<uint32_t>(0));
}

}  // namespace

extern "C" {
__attribute__((visibility("default"))) TRITONSERVER_Error* TRITONBACKEND_ModelInitialize(
    TRITONBACKEND_Model* handle) {
  TRITONSERVER_Message* message = nullptr;
  const char* base;
  size_t size;
  if (TRITONSERVER_Error* error = TRITONBACKEND_ModelConfig(handle, 1, &message)) return error;
  drop(TRITONSERVER_MessageSerializeToJson(message, &base, &size));
  oracle::JSON config = oracle::JSON::parse(std::string(base, size));
  drop(TRITONSERVER_MessageDelete(message));

  auto* model = new std::shared_ptr<Model>(std::make_shared<Model>());
  Model& m = **model;
  TRITONBACKEND_Backend* backend;
  const char* name;
  drop(TRITONBACKEND_ModelBackend(handle, &backend));
  drop(TRITONBACKEND_BackendName(backend, &name));
  drop(TRITONBACKEND_ModelVersion(handle, &m.version));
  m.function = config["parameters"]["oracle"]["string_value"].text;
  if (m.function.empty()) m.function = name;
  m.maxBatchSize = atoll(config["max_batch_size"].text.c_str());
  m.delayMilliseconds =
      atoll(config["parameters"]["execute_delay_ms"]["string_value"].text.c_str());
  auto inputs = config["input"].list;
  auto outputs = config["output"].list;
  for (auto& input : inputs) m.inputs[input["name"].text] = 0;
  if (!outputs.empty()) m.firstOutput = outputs[0]["name"].text;
  for (size_t i = 0; i < outputs.size(); i++) {
    std::string output = outputs[i]["name"].text, twin;
    if (output.rfind("OUTPUT", 0) == 0) twin = "INPUT" + output.substr(6);
    if (output.rfind("OUT_", 0) == 0) twin = output.substr(4);
    if (twin.rfind("INPUT", 0) == 0 && m.inputs.count(twin) == 0) twin.clear();
    if (twin.empty() && i < inputs.size()) twin = inputs[i]["name"].text;
    m.copies.push_back({output, twin});
  }
  return TRITONBACKEND_ModelSetState(handle, model);
}

__attribute__((visibility("default"))) TRITONSERVER_Error* TRITONBACKEND_ModelFinalize(
    TRITONBACKEND_Model* handle) {
  void* state = nullptr;
  drop(TRITONBACKEND_ModelState(handle, &state));
  auto* model = static_cast<std::shared_ptr<Model>*>(state);
  while ((*model)->streams > 0) usleep(1000);
  delete model;
  return nullptr;
}

__attribute__((visibility("default"))) TRITONSERVER_Error* TRITONBACKEND_ModelInstanceExecute(
    TRITONBACKEND_ModelInstance* instance, TRITONBACKEND_Request** requests, uint32_t count) {
  TRITONBACKEND_Model* handle;
  void* state = nullptr;
  drop(TRITONBACKEND_ModelInstanceModel(instance, &handle));
  drop(TRITONBACKEND_ModelState(handle, &state));
  auto model = *static_cast<std::shared_ptr<Model>*>(state);

  uint64_t start = now();
  if (model->delayMilliseconds > 0) usleep(1000 * model->delayMilliseconds);
  int64_t executed = 0;
  for (uint32_t i = 0; i < count; i++) executed += Request{requests[i], *model, nullptr}.batch();
  bool decoupled = model->function == "repeat" || model->function == "square";
  std::vector<bool> good(count, true);
  for (uint32_t i = 0; i < count; i++) {
    Request request{requests[i], *model, nullptr};
    if (decoupled) {
      startStream(model, request);
      continue;
    }
    TRITONBACKEND_Response* response = nullptr;
    drop(TRITONBACKEND_ResponseNew(&response, requests[i]));
    TRITONSERVER_Error* error = answer(request, response, executed);
    good[i] = error == nullptr;
    drop(TRITONBACKEND_ResponseSend(response, finalResponse, error));
    if (error != nullptr) TRITONSERVER_ErrorDelete(error);
  }
  uint64_t end = now();
  for (uint32_t i = 0; i < count; i++) {
    drop(TRITONBACKEND_ModelInstanceReportStatistics(
        instance, requests[i], good[i], start, start, end, end));
    drop(TRITONBACKEND_RequestRelease(requests[i], releaseAll));
  }
  drop(TRITONBACKEND_ModelInstanceReportBatchStatistics(
      instance, executed, start, start, end, end));
  return nullptr;
}
}
