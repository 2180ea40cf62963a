// A closed loop of requests over HTTP/1.1 or gRPC with as little work per request as a client can do:
// each of C connections has one request in flight; latencies of all requests are kept.
//
//   load http HOST PORT CONNECTIONS SECONDS REQUEST_FILE           the file holds a whole HTTP request
//   load grpc HOST PORT CONNECTIONS SECONDS MESSAGE_FILE PATH      the file holds a protobuf message
//
// Prints one line of JSON. Build: cc -O2 -o load load.c
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MAX_FRAME = 16384, READ_SIZE = 1 << 18 };

typedef struct {
  int fd;
  int64_t start;
  // Sending: what is written of `out`; over gRPC `body_left` of the message is still to be framed.
  char *out;
  size_t out_size, out_done, out_capacity, body_left;
  // Receiving over HTTP: bytes of the head so far, then what is left of the body.
  char head[16384];
  size_t head_size, answer_left;
  int in_body;
  // Receiving over gRPC.
  unsigned char frame[9];
  size_t frame_size, payload_left, payload_at;
  unsigned char payload[64];
  uint64_t data_bytes, unacknowledged;
  int64_t connection_window, stream_window, initial_window;
  uint32_t stream;
} Connection;

static int is_grpc;
static char *content;
static size_t content_size;
// Headers of the first call of a connection, and of later ones, which name what the first put into the table.
static char first_block[1024], next_block[64];
static size_t first_block_size, next_block_size;
static uint32_t *latencies;
static size_t count, capacity, errors;
static int64_t measure_from;

static int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void put(Connection *c, const void *bytes, size_t size) {
  if (c->out_done == c->out_size) c->out_done = c->out_size = 0;
  if (c->out_size + size > c->out_capacity) {
    c->out_capacity = (c->out_size + size) * 2;
    c->out = realloc(c->out, c->out_capacity);
  }
  memcpy(c->out + c->out_size, bytes, size);
  c->out_size += size;
}

static void put_frame(Connection *c, int kind, int flags, uint32_t stream, const void *payload, size_t size) {
  unsigned char head[9] = {size >> 16, size >> 8, size, kind, flags, stream >> 24, stream >> 16, stream >> 8, stream};
  put(c, head, 9);
  if (size > 0) put(c, payload, size);
}

static void put_window(Connection *c, uint32_t increment) {
  unsigned char bytes[4] = {increment >> 24, increment >> 16, increment >> 8, increment};
  put_frame(c, 8, 0, 0, bytes, 4);
}

// Frames as much of the message as the windows allow.
static void frame_body(Connection *c) {
  while (c->body_left > 0 && c->connection_window > 0 && c->stream_window > 0) {
    size_t size = c->body_left < MAX_FRAME ? c->body_left : MAX_FRAME;
    if ((int64_t)size > c->connection_window) size = c->connection_window;
    if ((int64_t)size > c->stream_window) size = c->stream_window;
    put_frame(c, 0, size == c->body_left, c->stream, content + (content_size - c->body_left), size);
    c->body_left -= size;
    c->connection_window -= size;
    c->stream_window -= size;
  }
}

static void flush_out(Connection *c) {
  for (;;) {
    if (c->out_done == c->out_size) {
      if (c->body_left > 0) frame_body(c);
      if (c->out_done == c->out_size) return;
    }
    ssize_t n = send(c->fd, c->out + c->out_done, c->out_size - c->out_done, MSG_NOSIGNAL);
    if (n < 0) {
      if (errno == EAGAIN) return;
      fail("send");
    }
    c->out_done += n;
  }
}

static void begin(Connection *c) {
  c->start = now();
  if (is_grpc) {
    int is_first = c->stream == 0;
    c->stream = is_first ? 1 : c->stream + 2;
    c->stream_window = c->initial_window;
    c->data_bytes = 0;
    c->body_left = content_size;
    put_frame(c, 1, 4, c->stream, is_first ? first_block : next_block, is_first ? first_block_size : next_block_size);
  } else {
    c->head_size = c->in_body = 0;
    put(c, content, content_size);
  }
  flush_out(c);
}

static void finish(Connection *c, int good) {
  int64_t end = now();
  if (end >= measure_from) {
    if (!good) errors++;
    if (count == capacity) latencies = realloc(latencies, sizeof *latencies * (capacity = capacity ? capacity * 2 : 1 << 16));
    latencies[count++] = (uint32_t)((end - c->start) / 10);  // tens of nanoseconds
  }
  begin(c);
}

static void read_http(Connection *c, const char *bytes, size_t size) {
  while (size > 0) {
    if (c->in_body) {
      size_t part = size < c->answer_left ? size : c->answer_left;
      c->answer_left -= part, bytes += part, size -= part;
    } else {
      c->head[c->head_size++] = *bytes++, size--;
      if (c->head_size == sizeof c->head) fail("head of the answer");
      if (c->head_size < 4 || memcmp(c->head + c->head_size - 4, "\r\n\r\n", 4) != 0) continue;
      c->head[c->head_size] = 0;
      char *length = strcasestr(c->head, "\r\ncontent-length:");
      if (length == NULL) fail("content-length");
      c->answer_left = strtoull(length + 17, NULL, 10);
      c->in_body = 1;
    }
    if (c->in_body && c->answer_left == 0) {
      finish(c, memcmp(c->head + 9, "200", 3) == 0);
    }
  }
}

static uint32_t big(const unsigned char *p) { return (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3]; }

static void frame_ends(Connection *c) {
  int kind = c->frame[3], flags = c->frame[4];
  uint32_t stream = big(c->frame + 5);
  if (kind == 4 && !(flags & 1)) {
    for (size_t i = 0; i + 6 <= c->payload_at; i += 6)
      if (c->payload[i] == 0 && c->payload[i + 1] == 4) {
        int64_t initial = big(c->payload + i + 2);
        c->stream_window += initial - c->initial_window;
        c->initial_window = initial;
      }
    put_frame(c, 4, 1, 0, NULL, 0);
  } else if (kind == 6 && !(flags & 1)) {
    put_frame(c, 6, 1, 0, c->payload, 8);
  } else if (kind == 8) {
    *(stream == 0 ? &c->connection_window : &c->stream_window) += big(c->payload) & 0x7FFFFFFF;
  } else if (kind == 7 || kind == 3) {
    fprintf(stderr, "the server ended the %s\n", kind == 7 ? "connection" : "stream");
    exit(1);
  }
  if (c->unacknowledged > 1 << 26) {
    put_window(c, c->unacknowledged);
    c->unacknowledged = 0;
  }
  if ((kind == 0 || kind == 1) && (flags & 1) && stream == c->stream) finish(c, c->data_bytes >= 5);
}

static void read_grpc(Connection *c, const char *bytes, size_t size) {
  while (size > 0) {
    if (c->frame_size < 9) {
      c->frame[c->frame_size++] = *bytes++, size--;
      if (c->frame_size < 9) continue;
      c->payload_left = (size_t)c->frame[0] << 16 | c->frame[1] << 8 | c->frame[2];
      c->payload_at = 0;
      if (c->frame[3] == 0) c->data_bytes += c->payload_left, c->unacknowledged += c->payload_left;
    }
    size_t part = size < c->payload_left ? size : c->payload_left;
    for (size_t i = 0; i < part && c->payload_at < sizeof c->payload; i++) c->payload[c->payload_at++] = bytes[i];
    c->payload_left -= part, bytes += part, size -= part;
    if (c->payload_left == 0) {
      c->frame_size = 0;
      frame_ends(c);
    }
  }
}

// A field that both sides keep (RFC 7541, 6.2.1), as clients of gRPC send theirs.
static void literal(const char *name, const char *value) {
  char *p = first_block + first_block_size;
  *p++ = 0x40;
  *p++ = strlen(name), p = stpcpy(p, name);
  *p++ = strlen(value), p = stpcpy(p, value);
  first_block_size = p - first_block;
  // The newest entry is number 62; this one will have `next_block_size` newer ones before it.
  memmove(next_block + 1, next_block, next_block_size++);
  next_block[0] = (char)(0x80 | (62 + next_block_size - 1));
}

static void connect_to(Connection *c, const char *host, int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  inet_pton(AF_INET, host, &address.sin_addr);
  c->fd = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(c->fd, (struct sockaddr *)&address, sizeof address) != 0) fail("connect");
  int one = 1;
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  fcntl(c->fd, F_SETFL, O_NONBLOCK);
  c->connection_window = c->initial_window = 65535;
  if (is_grpc) {
    put(c, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24);
    put_frame(c, 4, 0, 0, (unsigned char[]){0, 4, 0x7F, 0xFF, 0xFF, 0xFF}, 6);
    put_window(c, 0x7FFFFFFF - 65535);
  }
}

static int order(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return (x > y) - (x < y);
}

static double percentile(double p) { return count ? latencies[(size_t)((count - 1) * p)] / 100.0 : 0; }

int main(int arguments, char **argument) {
  if (arguments < 7) return fprintf(stderr, "usage: load http|grpc HOST PORT CONNECTIONS SECONDS FILE [PATH]\n"), 2;
  is_grpc = strcmp(argument[1], "grpc") == 0;
  int connections = atoi(argument[4]);
  double seconds = atof(argument[5]);
  FILE *file = fopen(argument[6], "rb");
  if (file == NULL) fail(argument[6]);
  fseek(file, 0, SEEK_END);
  size_t size = ftell(file), offset = is_grpc ? 5 : 0;
  rewind(file);
  content = malloc(size + offset);
  content_size = size + offset;
  if (fread(content + offset, 1, size, file) != size) fail("read");
  if (is_grpc) {
    unsigned char prefix[5] = {0, size >> 24, size >> 16, size >> 8, size};
    memcpy(content, prefix, 5);
    literal(":method", "POST"), literal(":scheme", "http"), literal(":path", argument[7]);
    literal(":authority", "localhost"), literal("content-type", "application/grpc"), literal("te", "trailers");
  }
  int poll = epoll_create1(0);
  Connection *all = calloc(connections, sizeof *all);
  int64_t start = now();
  measure_from = start + (int64_t)(seconds * 0.2e9);  // the first fifth warms up
  int64_t end = start + (int64_t)(seconds * 1.2e9);
  for (int i = 0; i < connections; i++) {
    connect_to(&all[i], argument[2], atoi(argument[3]));
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = &all[i]};
    epoll_ctl(poll, EPOLL_CTL_ADD, all[i].fd, &event);
    begin(&all[i]);
  }
  static char buffer[READ_SIZE];
  while (now() < end) {
    struct epoll_event events[256];
    int n = epoll_wait(poll, events, 256, 100);
    for (int i = 0; i < n; i++) {
      Connection *c = events[i].data.ptr;
      for (;;) {
        ssize_t got = recv(c->fd, buffer, sizeof buffer, 0);
        if (got == 0) return fprintf(stderr, "the server closed a connection\n"), 1;
        if (got < 0 && errno == EAGAIN) break;
        if (got < 0) fail("recv");
        (is_grpc ? read_grpc : read_http)(c, buffer, got);
        if (got < READ_SIZE) break;
      }
      flush_out(c);
    }
  }
  double measured = (now() - measure_from) / 1e9;
  qsort(latencies, count, sizeof *latencies, order);
  printf("{\"requests\": %zu, \"errors\": %zu, \"per_second\": %.1f, \"p50_us\": %.1f, \"p90_us\": %.1f, \"p99_us\": %.1f}\n",
         count, errors, count / measured, percentile(0.5), percentile(0.9), percentile(0.99));
  return 0;
}
