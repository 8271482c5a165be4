import DVLACZstd
public import DVLADiagnostics

/// Reads one zstd frame into exactly the bytes it must fill.
///
/// Nothing the frame declares decides how much memory is used: the caller knows the size, and a
/// frame that says or holds anything else is refused. The header has one accepted form (see
/// `ZstdFrameHeader`), so there is no window to allocate, no dictionary, no skippable or legacy
/// frame; the frame must end where its bytes end.
///
/// An instance belongs to one thread at a time. Unsafe code: `context` lives from `init` to
/// `deinit`, and every pointer handed to libzstd comes with its buffer's own count.
@safe
public final class ZstdDecompressor {
  private let context: OpaquePointer

  /// - Parameter checksContent: whether the decoded bytes are checked against the checksum in the
  ///   frame. Callers that have checked the bytes of the frame itself do not need it.
  /// - Throws: `zstd.memory`.
  public init(checksContent: Bool = true) throws(WeightsError) {
    guard let context = unsafe ZSTD_createDCtx() else {
      throw WeightsError(.zstdMemory, .unavailable, "no memory for a zstd decompressor")
    }
    unsafe self.context = context
    // forceIgnoreChecksum: its name is a macro, which Swift cannot see.
    let ignore = checksContent ? ZSTD_d_validateChecksum : ZSTD_d_ignoreChecksum
    let result = unsafe ZSTD_DCtx_setParameter(
      context, ZSTD_d_experimentalParam3, Int32(ignore.rawValue))
    precondition(ZSTD_isError(result) == 0, "libzstd knows the parameter since 1.4.7")
  }

  deinit { unsafe ZSTD_freeDCtx(context) }

  /// Decodes `frame`, which must hold exactly `destination.byteCount` bytes.
  ///
  /// After an error the contents of `destination` are unspecified.
  ///
  /// - Throws: `zstd.magic`, `zstd.header`, `zstd.content-size`, `zstd.length`, `zstd.checksum`,
  ///   `zstd.corrupt`, `zstd.memory`.
  public func decompress(
    _ frame: RawSpan, into destination: inout MutableRawSpan
  ) throws(WeightsError) {
    let start = unsafe frame.withUnsafeBytes { unsafe Array($0.prefix(9)) }
    try ZstdFrameHeader.check(start, contentByteCount: destination.byteCount)

    let length = unsafe frame.withUnsafeBytes { bytes in
      unsafe ZSTD_findFrameCompressedSize(bytes.baseAddress, bytes.count)
    }
    guard ZSTD_isError(length) == 0 else {
      if ZSTD_getErrorCode(length) == ZSTD_error_srcSize_wrong {
        throw WeightsError(
          .zstdLength, .malformed,
          "the zstd frame is cut off after \(frame.byteCount) bytes")
      }
      throw corrupt(length)
    }
    guard length == frame.byteCount else {
      throw WeightsError(
        .zstdLength, .malformed,
        "the zstd frame ends after \(length) of \(frame.byteCount) bytes")
    }

    let result = unsafe frame.withUnsafeBytes { source in
      unsafe destination.withUnsafeMutableBytes { target in
        unsafe ZSTD_decompressDCtx(
          context, target.baseAddress, target.count, source.baseAddress, source.count)
      }
    }
    guard ZSTD_isError(result) == 0 else { throw corrupt(result) }
    guard result == destination.byteCount else {
      throw WeightsError(
        .zstdContentSize, .malformed,
        "expected \(destination.byteCount) decoded bytes, found \(result)")
    }
  }

  private func corrupt(_ result: Int) -> WeightsError {
    let name = unsafe String(cString: ZSTD_getErrorName(result))
    return switch ZSTD_getErrorCode(result) {
    case ZSTD_error_memory_allocation:
      WeightsError(.zstdMemory, .unavailable, "no memory to decompress")
    case ZSTD_error_checksum_wrong: .checksumOfFrame
    default:
      WeightsError(.zstdCorrupt, .malformed, "the zstd frame is corrupt: \(name)")
    }
  }
}

extension WeightsError {
  /// Content that is not what the checksum of its frame says.
  static var checksumOfFrame: WeightsError {
    WeightsError(
      .zstdChecksum, .malformed, "the checksum of the zstd frame does not match its content")
  }
}
