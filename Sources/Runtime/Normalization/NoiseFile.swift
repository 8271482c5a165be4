public import DVLADiagnostics
import DVLAFiles
import DVLANumPyFiles
import DVLASafetensors
public import DVLATensors

/// A file with the noise that a flow-matching policy starts from.
public enum NoiseFile {
  private static let maximumByteCount = 64 << 20

  /// Reads noise from an array of NumPy (`.npy`) or from a safetensors file of one tensor, of
  /// float32 or float64 (rounded to float32). The contents decide which of these it is.
  ///
  /// - Parameter shape: [H, A], the horizon and the model's width of an action. The file may have
  ///   [1, H, A].
  /// - Returns: the noise, of that shape.
  /// - Throws: `noise.shape`, `noise.tensor`, `noise.not-finite`; `file.*`, `npy.*`,
  ///   `safetensors.*`.
  public static func read(path: String, shape: Shape) throws(WeightsError) -> Tensor {
    let contents = try readWholeFile(path: path, limit: maximumByteCount)
    return try inFile(path) { () throws(WeightsError) in
      let (found, values) =
        NPY.isNPY(contents) ? try array(contents) : try onlyTensor(contents)
      guard found == shape || found.dimensions == [1] + shape.dimensions else {
        throw WeightsError(.noiseShape, "expected noise of the shape \(shape), found \(found)")
      }
      let floats = values.map { Float($0) }
      if let index = floats.firstIndex(where: { !$0.isFinite }) {
        throw WeightsError(
          .noiseNotFinite,
          "element \(index): expected a finite float32, found \(values[index])")
      }
      return Tensor(floats, shape: shape)
    }
  }

  private static func array(_ contents: [UInt8]) throws(WeightsError) -> (Shape, [Double]) {
    let array = try NPYArray(contents)
    return (array.shape, array.values)
  }

  private static func onlyTensor(_ contents: [UInt8]) throws(WeightsError) -> (Shape, [Double]) {
    let header = try SafetensorsHeader.parse(file: contents)
    guard let entry = header.entries.first, header.entries.count == 1 else {
      throw WeightsError(.noiseTensor, "expected one tensor, found \(header.entries.count)")
    }
    // The only tensor has all of the data.
    guard let values = entry.info.dtype.doubles(contents[header.dataStart...]) else {
      throw WeightsError(
        .noiseTensor, tensor: entry.info.name.string,
        "expected F32 or F64, found \(entry.info.dtype.rawValue)")
    }
    return (entry.info.shape, values)
  }
}

extension WeightsError.Code {
  /// Noise of another shape than the model's actions.
  public static let noiseShape = Self("noise.shape")
  /// A file of noise with more or fewer tensors than one, or with one of another type.
  public static let noiseTensor = Self("noise.tensor")
  /// A value of the noise that no finite float32 holds.
  public static let noiseNotFinite = Self("noise.not-finite")
}
