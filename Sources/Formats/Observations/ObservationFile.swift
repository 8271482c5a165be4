public import DVLADiagnostics
import DVLAHashing
import DVLAJSON
import DVLASafetensors
import DVLATensors

/// One observation as a safetensors file, and back: the format of `Observations.md`.
public enum ObservationFile {
  static let format = "depthvla-observation"

  /// The bytes of the file: the same observation gives the same bytes, those of the Python package.
  /// It is of version 2 with an answer, else of version 1.
  ///
  /// - Throws: `observation.size`, `observation.header` for more than a file may hold.
  public static func encode(_ observation: RecordedObservation) throws(WeightsError) -> [UInt8] {
    let tensors = StoredTensor.all(of: observation)
    do throws(WeightsError) {
      // Once for the places of the tensors, whose hash the metadata have.
      let places = try SafetensorsLayout(tensors: tensors.map(\.info))
      let order = places.entries.compactMap { entry in
        tensors.first { $0.info.name == entry.info.name }
      }
      var data: [UInt8] = []
      let byteCount = order.reduce(0) { $0 + $1.byteCount }
      guard byteCount <= ObservationLimits.file else { throw tooLarge }
      data.reserveCapacity(byteCount)
      for tensor in order { tensor.append(to: &data) }
      var limits = SafetensorsLimits()
      limits.headerByteCount = ObservationLimits.header
      let layout = try SafetensorsLayout(
        tensors: tensors.map(\.info),
        metadata: ObservationMetadata.strings(of: observation, data: SHA256.hash(data)),
        limits: limits)
      guard layout.byteCount <= ObservationLimits.file else { throw tooLarge }
      return layout.headerBytes + data
    } catch {
      throw error.code == .observationSize ? error : error.about(nil, else: .observationHeader)
    }
  }

  private static var tooLarge: WeightsError {
    WeightsError(.observationSize, "expected at most \(ObservationLimits.file) bytes")
  }

  /// Reads the bytes of a file, with every rule of the format checked.
  ///
  /// - Parameter file: names it in errors.
  /// - Throws: `observation.size`, `observation.header`, `observation.duplicate`,
  ///   `observation.format`, `observation.version`, `observation.metadata`, `observation.tensor`,
  ///   `observation.digest`, `observation.answer`; as ``RecordedObservation``.
  public static func decode(
    _ bytes: [UInt8], file: String
  ) throws(WeightsError) -> RecordedObservation {
    try inFile(file) { () throws(WeightsError) in
      guard bytes.count <= ObservationLimits.file else { throw tooLarge }
      let header = try header(of: bytes)
      let data = bytes[header.dataStart...]
      let metadata = try ObservationMetadata(header.metadata ?? [], data: data)
      var tensors = StoredTensors(header.entries, data: data)
      return try metadata.observation(of: &tensors)
    }
  }

  private static func header(of bytes: [UInt8]) throws(WeightsError) -> SafetensorsHeader {
    var limits = SafetensorsLimits()
    limits.headerByteCount = ObservationLimits.header
    let header: SafetensorsHeader
    do throws(WeightsError) {
      header = try SafetensorsHeader.parse(file: bytes, limits: limits)
    } catch {
      throw error.about(nil, else: .observationHeader)
    }
    for entry in header.entries {
      let info = entry.info
      guard [.f64, .f32, .u8].contains(info.dtype) else {
        throw WeightsError(
          .observationHeader, tensor: info.name.string,
          "expected F64, F32 or U8, found \(info.dtype.rawValue)")
      }
      guard info.shape.rank <= 3, info.shape.elementCount > 0 else {
        throw WeightsError(
          .observationHeader, tensor: info.name.string,
          "expected at most three extents, none 0, found \(info.shape)")
      }
    }
    return header
  }
}
