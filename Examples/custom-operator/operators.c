// Two operators for Apus:
//
//   com.example.SoftShrink(x) {bias}  x - bias above bias, x + bias below -bias, else 0
//   com.example.KeepRows(x)           the rows of a matrix that hold a number other than 0
//
//   cc -O2 -shared -fPIC -I ../../Sources/CApusPlugin/include operators.c -o operators.so
//   apus run model.onnxtxt --plugins=./operators.so --inputs inputs/
#include <stdlib.h>
#include <string.h>

#include "apus_plugin.h"

enum { FLOAT = 1 };  // TensorProto.DataType

// SoftShrink: the result has the operand's type, whatever its shape.

static void *create_shrink(const apus_host *host, apus_call *call, const apus_attribute *attributes,
                           size_t count) {
  double bias = 0.5;
  for (size_t i = 0; i < count; i++) {
    if (strcmp(attributes[i].name, "bias") != 0 || attributes[i].kind != APUS_ATTRIBUTE_REAL) {
      host->fail(call, "the only attribute is the real number 'bias'");
      return NULL;
    }
    bias = attributes[i].reals[0];
  }
  if (!(bias >= 0)) {
    host->fail(call, "bias must not be negative");
    return NULL;
  }
  double *state = malloc(sizeof *state);
  if (state) *state = bias;
  return state;
}

static bool infer_shrink(const apus_host *host, apus_call *call, const void *state,
                         const apus_type *operands, size_t count) {
  (void)state;
  if (count != 1 || operands[0].element != FLOAT) {
    host->fail(call, "one operand of 32-bit floats is needed");
    return false;
  }
  host->declare(call, 0, operands[0]);
  return true;
}

static bool evaluate_shrink(const apus_host *host, apus_call *call, const void *state,
                            const apus_tensor *operands, size_t count) {
  (void)count;
  const float bias = (float)*(const double *)state;
  const float *x = operands[0].data;
  float *y = host->allocate(call, 0, operands[0].type);
  if (!y) return false;
  for (size_t i = 0; i < operands[0].byte_count / sizeof *x; i++) {
    y[i] = x[i] > bias ? x[i] - bias : x[i] < -bias ? x[i] + bias : 0;
  }
  return true;
}

// KeepRows: how many rows there are only the data tells.

static void *create_keep(const apus_host *host, apus_call *call, const apus_attribute *attributes,
                         size_t count) {
  (void)attributes;
  if (count > 0) {
    host->fail(call, "there are no attributes");
    return NULL;
  }
  return malloc(1);
}

static bool infer_keep(const apus_host *host, apus_call *call, const void *state,
                       const apus_type *operands, size_t count) {
  (void)state;
  if (count != 1 || operands[0].element != FLOAT || operands[0].rank != 2) {
    host->fail(call, "one matrix of 32-bit floats is needed");
    return false;
  }
  const int64_t extents[] = {APUS_UNKNOWN, operands[0].extents[1]};
  host->declare(call, 0, (apus_type){FLOAT, 2, extents});
  return true;
}

static bool holds_something(const float *row, int64_t columns) {
  for (int64_t c = 0; c < columns; c++) {
    if (row[c] != 0) return true;
  }
  return false;
}

static bool evaluate_keep(const apus_host *host, apus_call *call, const void *state,
                          const apus_tensor *operands, size_t count) {
  (void)state, (void)count;
  const float *x = operands[0].data;
  const int64_t rows = operands[0].type.extents[0], columns = operands[0].type.extents[1];
  int64_t kept = 0;
  for (int64_t r = 0; r < rows; r++) kept += holds_something(x + r * columns, columns);
  const int64_t extents[] = {kept, columns};
  float *y = host->allocate(call, 0, (apus_type){FLOAT, 2, extents});
  if (!y) return false;
  for (int64_t r = 0; r < rows; r++) {
    if (!holds_something(x + r * columns, columns)) continue;
    memcpy(y, x + r * columns, sizeof *y * (size_t)columns);
    y += columns;
  }
  return true;
}

static const apus_operator operators[] = {
  {"com.example", "SoftShrink", 1, 1, create_shrink, free, infer_shrink, evaluate_shrink},
  {"com.example", "KeepRows", 1, 1, create_keep, free, infer_keep, evaluate_keep},
};

const apus_plugin *apus_plugin_describe(void) {
  static const apus_plugin plugin = {APUS_PLUGIN_ABI, 2, operators};
  return &plugin;
}
