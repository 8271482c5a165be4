import CZstd
public import Diagnostics

/// Makes zstd frames whose only modelling is Huffman coding of literals, or none.
///
/// Weights hold no repeated strings, so searching for matches costs time and gains nothing.
/// What gains is a Huffman table fitted to bytes of one meaning: the caller orders its bytes in
/// runs, each run becomes blocks of its own, and each block has its own table. The frames are
/// ordinary ones (RFC 8878): single segment, content size and checksum present, no dictionary.
///
/// The bytes made depend on the arguments alone, not on what was compressed before.
///
/// An instance belongs to one thread at a time. Unsafe code: `context` lives from `init` to
/// `deinit`, and every pointer handed to libzstd comes with its buffer's own count.
@safe
public final class ZstdCompressor {
  /// What is done to the bytes of a block.
  public enum Mode: Sendable {
    /// Huffman coding where it saves 1/64 or more, else as they are.
    case entropy
    /// As they are: the frame only frames and checks.
    case raw
  }

  // ZSTD_BLOCKSIZE_MAX.
  static let blockByteCount = 128 << 10

  /// The version of libzstd, on which the bytes of a frame depend.
  public static var libraryVersion: String { unsafe String(cString: ZSTD_versionString()) }

  private let context: OpaquePointer
  private var sequences: [ZSTD_Sequence] = []
  private var mode: Mode?

  /// - Throws: `zstd.memory`.
  public init() throws(WeightsError) {
    guard let context = unsafe ZSTD_createCCtx() else {
      throw WeightsError(.zstdMemory, .unavailable, "no memory for a zstd compressor")
    }
    unsafe self.context = context
  }

  deinit { unsafe ZSTD_freeCCtx(context) }

  /// Appends one frame with the whole of `source` to `output`.
  ///
  /// - Parameters:
  ///   - source: the bytes, runs of `runByteCount` one after the other; the last may be shorter.
  ///   - runByteCount: bytes of one run, or nil where all of `source` is one.
  /// - Returns: the byte count of the frame.
  /// - Throws: `zstd.memory`, `zstd.compress`.
  @discardableResult
  public func compress(
    _ source: RawSpan, runByteCount: Int? = nil, mode: Mode, appendingTo output: inout [UInt8]
  ) throws(WeightsError) -> Int {
    try configure(mode)
    // ZSTD_compressSequences leaves a finished frame open as far as the session is concerned.
    try check(unsafe ZSTD_CCtx_reset(context, ZSTD_reset_session_only))
    let blockCount = delimit(source.byteCount, runByteCount: runByteCount ?? source.byteCount)
    // libzstd's bound, and 3 bytes for the header of each block that it does not count on.
    let room = ZSTD_compressBound(source.byteCount) + 3 * blockCount
    var result = 0
    output.append(addingCapacity: room) { span in
      unsafe span.withUnsafeMutableBufferPointer { buffer, initialized in
        result = unsafe source.withUnsafeBytes { bytes in
          unsafe sequences.withUnsafeBufferPointer { sequences in
            unsafe ZSTD_compressSequences(
              context, buffer.baseAddress, buffer.count, sequences.baseAddress, sequences.count,
              bytes.baseAddress, bytes.count)
          }
        }
        initialized = ZSTD_isError(result) == 0 ? result : 0
      }
    }
    try check(result)
    return result
  }

  /// Fills `sequences` with one "literals only" sequence for each block, and returns their count.
  ///
  /// A sequence without a match is the block delimiter of `ZSTD_sf_explicitBlockDelimiters`.
  private func delimit(_ byteCount: Int, runByteCount: Int) -> Int {
    sequences.removeAll(keepingCapacity: true)
    var start = 0
    var runEnd = 0
    while start < byteCount {
      if start == runEnd { runEnd = min(byteCount, start + max(runByteCount, 1)) }
      let count = min(Self.blockByteCount, runEnd - start)
      sequences.append(
        ZSTD_Sequence(offset: 0, litLength: UInt32(count), matchLength: 0, rep: 0))
      start += count
    }
    return sequences.count
  }

  private func configure(_ newMode: Mode) throws(WeightsError) {
    guard mode != newMode else { return }
    mode = nil
    try check(unsafe ZSTD_CCtx_reset(context, ZSTD_reset_session_and_parameters))
    let literals: ZSTD_paramSwitch_e =
      switch newMode {
      case .entropy: ZSTD_ps_enable
      case .raw: ZSTD_ps_disable
      }
    // The level matters only for the size of the match tables, which stay unused.
    try set(ZSTD_c_compressionLevel, -100_000)
    // Wide enough for a single segment; libzstd narrows it to the size of the source.
    try set(ZSTD_c_windowLog, 27)
    try set(ZSTD_c_checksumFlag, 1)
    try set(ZSTD_c_contentSizeFlag, 1)
    try set(ZSTD_c_dictIDFlag, 0)
    // literalCompressionMode and blockDelimiters: their names are macros, which Swift cannot see.
    try set(ZSTD_c_experimentalParam5, Int32(literals.rawValue))
    try set(ZSTD_c_experimentalParam11, Int32(ZSTD_sf_explicitBlockDelimiters.rawValue))
    mode = newMode
  }

  private func set(_ parameter: ZSTD_cParameter, _ value: Int32) throws(WeightsError) {
    try check(unsafe ZSTD_CCtx_setParameter(context, parameter, value))
  }

  private func check(_ result: Int) throws(WeightsError) {
    guard ZSTD_isError(result) != 0 else { return }
    if ZSTD_getErrorCode(result) == ZSTD_error_memory_allocation {
      throw WeightsError(.zstdMemory, .unavailable, "no memory to compress")
    }
    throw WeightsError(
      .zstdCompress, .unavailable,
      "libzstd cannot compress: \(unsafe String(cString: ZSTD_getErrorName(result)))")
  }
}
