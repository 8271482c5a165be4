import DVLADiagnostics
public import DVLAImages

/// One form in which depth maps are written, and where.
public struct DepthOutput: Sendable {
  public enum Form: Sendable {
    /// PNG in colours.
    case picture(ColourMap)
    /// 16-bit grey PNG.
    case grey16
    /// float32 in NumPy's format.
    case raw
  }

  public let form: Form
  /// A file for one picture, a folder for a folder of them.
  public let path: String

  public init(_ form: Form, path: String) {
    self.form = form
    self.path = path
  }

  var fileExtension: String { if case .raw = form { "npy" } else { "png" } }

  func encode(_ depth: DepthMap) throws(WeightsError) -> [UInt8] {
    switch form {
    case .picture(let colours): try depth.picture(in: colours)
    case .grey16: try depth.grey16PNG()
    case .raw: depth.npy
    }
  }
}
