import DVLACZstd
import DVLADiagnostics

/// Makes blocks whose only modelling is Huffman coding of literals, and of runs of one byte where
/// the caller expects such.
///
/// Unsafe code: `context` lives from `init` to `deinit`, and every pointer handed to libzstd comes
/// with its buffer's own count.
@safe
final class BlockCoder {
  private let context: OpaquePointer
  private var sequences: [ZSTD_Sequence] = []
  private var frame: [UInt8] = []

  /// - Throws: `zstd.memory`.
  init() throws(WeightsError) {
    guard let context = unsafe ZSTD_createCCtx() else {
      throw WeightsError(.zstdMemory, .unavailable, "no memory for a zstd compressor")
    }
    unsafe self.context = context
    // The level matters only for the size of the match tables, which stay unused.
    try set(ZSTD_c_compressionLevel, -100_000)
    // Wide enough for a single segment; libzstd narrows it to the size of the source.
    try set(ZSTD_c_windowLog, 27)
    try set(ZSTD_c_checksumFlag, 0)
    try set(ZSTD_c_contentSizeFlag, 1)
    try set(ZSTD_c_dictIDFlag, 0)
    // literalCompressionMode and blockDelimiters: their names are macros, which Swift cannot see.
    try set(ZSTD_c_experimentalParam5, Int32(ZSTD_ps_enable.rawValue))
    try set(ZSTD_c_experimentalParam11, Int32(ZSTD_sf_explicitBlockDelimiters.rawValue))
  }

  deinit { unsafe ZSTD_freeCCtx(context) }

  /// The blocks of that content, one after the other; the last says that it is the last.
  ///
  /// A block that coding makes smaller by less than 1/64 comes out raw. What comes out depends on
  /// the arguments alone, not on what was coded before.
  ///
  /// - Parameters:
  ///   - blocks: the blocks, which make up `source`, at any place.
  /// - Throws: `zstd.memory`, `zstd.compress`.
  func code(
    _ source: RawSpan, blocks: ArraySlice<FrameBlock>
  ) throws(WeightsError) -> ArraySlice<UInt8> {
    sequences.removeAll(keepingCapacity: true)
    var start = 0
    for block in blocks {
      let count = block.range.count
      let repeats = block.isUniform ? RepeatedBytes.find(in: source, start..<start + count) : []
      var written = start
      for range in repeats {
        // One byte, then itself again and again: a match at distance one.
        let literals = range.lowerBound + 1 - written
        sequences.append(
          ZSTD_Sequence(
            offset: 1, litLength: UInt32(literals), matchLength: UInt32(range.count - 1), rep: 0))
        written = range.upperBound
      }
      start += count
      // A sequence without a match is the block delimiter of ZSTD_sf_explicitBlockDelimiters.
      sequences.append(
        ZSTD_Sequence(offset: 0, litLength: UInt32(start - written), matchLength: 0, rep: 0))
    }
    // ZSTD_compressSequences leaves a finished frame open as far as the session is concerned.
    try check(unsafe ZSTD_CCtx_reset(context, ZSTD_reset_session_only))
    // libzstd's bound, and 3 bytes for the header of each block that it does not count on.
    let room = ZSTD_compressBound(source.byteCount) + 3 * blocks.count
    if frame.count < room { frame = [UInt8](repeating: 0, count: room) }
    let result = unsafe frame.withUnsafeMutableBytes { frame in
      unsafe source.withUnsafeBytes { source in
        unsafe sequences.withUnsafeBufferPointer { sequences in
          unsafe ZSTD_compressSequences(
            context, frame.baseAddress, frame.count, sequences.baseAddress, sequences.count,
            source.baseAddress, source.count)
        }
      }
    }
    try check(result)
    let header = ZstdFrameHeader.bytes(contentByteCount: source.byteCount).count
    return frame[header..<result]
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
