import Glibc

extension String {
  /// One component of a path that names an entry of a folder: not empty, `.` or `..`, and without
  /// slash or NUL.
  public var isPlainFileName: Bool {
    !isEmpty && self != "." && self != ".." && !utf8.contains(UInt8(ascii: "/"))
      && !utf8.contains(0)
  }

  var withoutTrailingSlashes: String {
    var bytes = Substring(self).utf8
    while bytes.count > 1, bytes.last == UInt8(ascii: "/") { bytes.removeLast() }
    return String(Substring(bytes))
  }

  /// The path split into the folder, `.` where none is given, and the last component.
  public var splitAtLastComponent: (folder: String, name: String) {
    let path = withoutTrailingSlashes
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return (".", path) }
    let name = String(path[path.utf8.index(after: slash)...])
    let folder = String(path[..<slash]).withoutTrailingSlashes
    return (folder.isEmpty ? "/" : folder, name)
  }
}
