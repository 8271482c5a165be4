internal import DVLACProducts

/// The two products of attention, head by head: scores = query keyᵀ, and result = weights value,
/// where the caller makes the weights from the scores.
///
/// Sums are float32, as those of ``StoredProduct`` for weights in float32.
///
/// Several threads share an instance: first all parts of all heads' keys and values are arranged,
/// then queries are computed, up to ``queriesAtOnce`` at a time, so that their scores stay in a
/// cache. The bits of a result depend neither on the thread, nor on the queries beside it, nor on
/// the path.
///
/// Unsafe code. The invariants: `arranged` has room for all heads from `init` to `deinit`. Threads
/// that arrange at the same time have no part in common, so none of their bytes either, and all of
/// them have ended before the first product. Spans are checked to hold what the kernels read and
/// write; the pointers live only inside the closures.
@safe
public final class AttentionProducts: @unchecked Sendable {
  /// Sizes of a head's matrices.
  public struct Shape: Sendable {
    public let keys: Int
    /// Elements of a query, a key, a value and a result.
    public let headDim: Int
    /// Elements from one query to the next, and from one result to the next.
    public let queryStride: Int
    /// Elements from one key to the next, and from one value to the next.
    public let keyStride: Int

    /// - Precondition: sizes are positive, and strides no shorter than `headDim`.
    public init(keys: Int, headDim: Int, queryStride: Int, keyStride: Int) {
      precondition(keys > 0 && headDim > 0, "sizes are positive")
      precondition(queryStride >= headDim && keyStride >= headDim, "rows do not overlap")
      self.keys = keys
      self.headDim = headDim
      self.queryStride = queryStride
      self.keyStride = keyStride
    }

    /// Elements from the first of `queries` queries or results to the last one's end.
    public func elements(ofQueries queries: Int) -> Int { (queries - 1) * queryStride + headDim }

    fileprivate var keyElements: Int { (keys - 1) * keyStride + headDim }
  }

  /// A multiple of the tokens that any path multiplies at a time.
  public static let queriesAtOnce = 48

  public let path: ProductPath
  public let shape: Shape
  public let heads: Int
  private let headByteCount: Int
  private let arranged: UnsafeMutableRawPointer

  /// - Parameter heads: of keys and values.
  /// - Precondition: the path is available and of float32; there is a head.
  public init(_ path: ProductPath, _ shape: Shape, heads: Int) {
    precondition(path.nativeWeights == .f32 && ProductPath.available.contains(path), "float32")
    precondition(heads > 0, "a head")
    self.path = path
    self.shape = shape
    self.heads = heads
    headByteCount = (dvla_attention_arranged_bytes(shape.inC) + 63) / 64 * 64
    unsafe arranged = .allocate(byteCount: heads * headByteCount, alignment: 64)
  }

  deinit { unsafe arranged.deallocate() }

  /// Parts of a head's keys and values.
  public var parts: Int {
    (shape.keys + Int(DVLA_ATTENTION_PART) - 1) / Int(DVLA_ATTENTION_PART)
  }

  /// Arranges a part of a head's keys and values.
  ///
  /// - Parameters:
  ///   - key: from the head's first key on.
  ///   - value: as `key`.
  public func arrange(head: Int, part: Int, key: Span<Float>, value: Span<Float>) {
    precondition((0..<heads).contains(head) && (0..<parts).contains(part), "a part of a head")
    precondition(min(key.count, value.count) >= shape.keyElements, "all keys and values")
    unsafe key.withUnsafeBufferPointer { key in
      unsafe value.withUnsafeBufferPointer { value in
        guard let key = key.baseAddress, let value = value.baseAddress else { return }
        unsafe dvla_attention_arrange(
          path.inC, shape.inC, key, value, part, arranged + head * headByteCount)
      }
    }
  }

  /// Computes the results of some queries, once all parts of the head are arranged.
  ///
  /// - Parameters:
  ///   - query: from the first query on.
  ///   - queries: how many, at most ``queriesAtOnce``.
  ///   - weigh: makes weights of a query's scores, in place: is given which query, and a score for
  ///     each key.
  ///   - result: ``Shape/elements(ofQueries:)``. What lies between the results is not touched.
  public func multiply(
    head: Int, query: Span<Float>, queries: Int,
    weigh: (Int, inout MutableSpan<Float>) -> Void, into result: inout MutableSpan<Float>
  ) {
    precondition((0..<heads).contains(head), "a head")
    precondition((1...Self.queriesAtOnce).contains(queries), "some queries")
    precondition(query.count >= shape.elements(ofQueries: queries), "all queries")
    precondition(result.count == shape.elements(ofQueries: queries), "all results")
    let stride = dvla_attention_score_stride(shape.inC)
    let scratch = UnsafeMutableRawPointer.allocate(
      byteCount: dvla_attention_scratch_bytes(shape.inC, queries), alignment: 64)
    defer { unsafe scratch.deallocate() }
    let scores = UnsafeMutablePointer<Float>.allocate(capacity: queries * stride)
    defer { unsafe scores.deallocate() }
    unsafe query.withUnsafeBufferPointer { query in
      unsafe result.withUnsafeMutableBufferPointer { result in
        guard let query = query.baseAddress, let result = result.baseAddress else { return }
        let head = unsafe UnsafeRawPointer(arranged + head * headByteCount)
        unsafe dvla_attention_scores(path.inC, shape.inC, query, queries, head, scratch, scores)
        for index in 0..<queries {
          var row = unsafe UnsafeMutableBufferPointer(
            start: scores + index * stride, count: shape.keys
          ).mutableSpan
          weigh(index, &row)
        }
        unsafe dvla_attention_values(path.inC, shape.inC, scores, queries, head, scratch, result)
      }
    }
  }
}

extension AttentionProducts.Shape {
  fileprivate var inC: dvla_attention_shape {
    dvla_attention_shape(
      keys: keys, head_dim: headDim, query_stride: queryStride, key_stride: keyStride)
  }
}
