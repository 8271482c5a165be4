public import DVLADiagnostics
public import DVLATensors

/// The plan of a file to be written: its header, and where each tensor goes.
public struct SafetensorsLayout: Sendable {
  /// How the tensors follow on one another.
  public enum Order: Sendable {
    /// As they were given.
    case given
    /// As the safetensors library writes them: by dtype, the widest first (the declaration order
    /// of its `Dtype`, reversed), then by name, bytewise.
    case library
  }

  /// The tensors in the order of their data.
  public let entries: [SafetensorsEntry]
  /// The first bytes of the file, up to the data section.
  public let headerBytes: [UInt8]
  private let positions: [TensorName: Int]

  /// - Throws: as ``SafetensorsHeaderWriter/headerBytes(entries:metadata:alignment:limits:)``.
  /// - Precondition: `alignment` is positive.
  public init(
    tensors: [TensorInfo], metadata: [(key: String, value: String)]? = nil,
    order: Order = .library, alignment: Int = 8, limits: SafetensorsLimits = .default
  ) throws(WeightsError) {
    let ordered =
      switch order {
      case .given: tensors
      case .library:
        tensors.sorted { a, b in
          (b.dtype.libraryRank, a.name) < (a.dtype.libraryRank, b.name)
        }
      }
    let (bytes, offsets) = try SafetensorsHeaderWriter.headerBytes(
      entries: ordered.map { ($0.name, $0.dtype, $0.shape) }, metadata: metadata,
      alignment: alignment, limits: limits)
    entries = zip(ordered, offsets).map(SafetensorsEntry.init(info:range:))
    headerBytes = bytes
    positions = Dictionary(
      zip(ordered.map(\.name), ordered.indices), uniquingKeysWith: { first, _ in first })
    let (_, overflow) = bytes.count.addingReportingOverflow(offsets.last?.upperBound ?? 0)
    guard !overflow else {
      throw WeightsError(.safetensorsSizeOverflow, "the file would have more than 2^63 - 1 bytes")
    }
  }

  /// Where the data section starts.
  public var dataStart: Int { headerBytes.count }

  /// Bytes of the whole file.
  public var byteCount: Int { headerBytes.count + (entries.last?.range.upperBound ?? 0) }

  /// Where the tensor's bytes start in the file.
  public func fileOffset(of name: TensorName) -> Int? {
    positions[name].map { dataStart + entries[$0].range.lowerBound }
  }
}

extension DType {
  /// The cases of ``DType`` are in the order of the library's enumeration.
  fileprivate var libraryRank: Int { Self.ranks[self] ?? 0 }

  private static let ranks = Dictionary(
    uniqueKeysWithValues: zip(DType.allCases, DType.allCases.indices))
}
