"""Miniature distfiles of the packages in articles/: our own few lines under the true files' names and folders.

The true sources are on no index that the tests may ask. A miniature has what its ebuild touches, and builds.
"""

import bz2
import gzip
import hashlib
import io
import lzma
import tarfile
from pathlib import Path

ARTICLES = Path(__file__).with_name("articles")
PACKERS = {".bz2": bz2.compress, ".gz": lambda data: gzip.compress(data, mtime=0), ".xz": lzma.compress}

TESSERACT = {
    "AUTHORS": "The tests.\n",
    "README.md": "# A miniature of tesseract\n",
    "configure.ac": "AC_INIT([tesseract], [4.00.00])\nAC_CONFIG_FILES([Makefile])\nAC_OUTPUT\n",
    "configure": """\
#!/bin/sh
# What autoconf would make: keeps the prefix and the switches.
prefix=/usr
for word in "$@"; do
	case $word in --prefix=*) prefix=${word#--prefix=} ;; esac
done
echo "$*" > switches
sed "s|@prefix@|$prefix|" Makefile.in > Makefile
""",
    "Makefile.in": """\
prefix = @prefix@

all: tesseract

tesseract: tesseract.c
	$(CC) $(CFLAGS) tesseract.c -o tesseract -lm

doc:
	mkdir -p doc/html
	echo "<p>How it works</p>" > doc/html/index.html

install: all
	mkdir -p $(DESTDIR)$(prefix)/bin $(DESTDIR)$(prefix)/share/tessdata
	cp tesseract $(DESTDIR)$(prefix)/bin
	cp tessdata/*.traineddata $(DESTDIR)$(prefix)/share/tessdata

.PHONY: all doc install
""",
    "tesseract.c": """\
#include <math.h>
#include <stdio.h>

int main(void)
{
	printf("%s\\n", _isnan(1.0) ? "noise" : "text");
	return 0;
}
""",
    "tessdata/README": "Languages come apart.\n",
}
PYPROJECT = """\
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "{name}"
version = "1.1"

[tool.setuptools]
packages = ["{module}"]
"""


def python_files(name, module, test):
    return {
        "pyproject.toml": PYPROJECT.format(name=name, module=module),
        f"{module}/__init__.py": '"""A miniature."""\n\nPAGES = 3\n',
        "tests/test_pages.py": test,
    }


NEXTCLOUD = {
    ".htaccess": "Deny from all\n",
    "apps/files/index.php": "<?php\n",
    "config/config.sample.php": "<?php\n",
    "index.php": "<?php\n",
    "version.php": "<?php\n$OC_Version = array(13,0,1,0);\n",
}
LLVM = {
    "CMakeLists.txt": """\
cmake_minimum_required(VERSION 3.20)
project(LLVM C)
include(GNUInstallDirs)
enable_testing()
foreach(switch APPEND_VC_REV ENABLE_FFI ENABLE_SPHINX LIBDIR_SUFFIX)
	message(STATUS "${switch} ${LLVM_${switch}}")
endforeach()
add_library(LLVM SHARED llvm.c)
set_target_properties(LLVM PROPERTIES SOVERSION 0)
install(TARGETS LLVM)
if(LLVM_BUILD_TESTS)
	add_test(NAME works COMMAND ${CMAKE_COMMAND} -E true)
endif()
foreach(tool clang lldb)
	if(EXISTS ${CMAKE_SOURCE_DIR}/tools/${tool}/CMakeLists.txt)
		add_subdirectory(tools/${tool})
	endif()
endforeach()
add_custom_target(docs-llvm-html
	COMMAND ${CMAKE_COMMAND} -E make_directory docs/html
	COMMAND ${CMAKE_COMMAND} -E touch docs/html/index.html)
""",
    "llvm.c": "int LLVMVersion(void)\n{\n\treturn 37;\n}\n",
    "tools/README": "Tools come apart.\n",
}
OPENMP = {
    "CMakeLists.txt": """\
cmake_minimum_required(VERSION 3.20)
project(openmp C)
include(GNUInstallDirs)
find_package(Threads REQUIRED)
add_library(omp SHARED omp.c)
set_target_properties(omp PROPERTIES SOVERSION 1)
target_link_libraries(omp Threads::Threads)
configure_file(omp.h omp.h COPYONLY)
install(TARGETS omp)
install(FILES omp.h TYPE INCLUDE)
""",
    "omp.h": "int omp_get_thread_num(void);\nint omp_get_num_threads(void);\nint omp_get_max_threads(void);\n",
    "omp.c": """\
/* As much of an OpenMP runtime as a parallel region with up to four shared variables takes. */
#include <pthread.h>
#include <stdarg.h>
#include <unistd.h>

#define MOST 256

typedef void (*region)(int *, int *, ...);

static _Thread_local int number;
static int asked, team = 1;
static region body;
static void *shared[4];

int omp_get_thread_num(void)
{
	return number;
}

int omp_get_num_threads(void)
{
	return team;
}

int omp_get_max_threads(void)
{
	return (int)sysconf(_SC_NPROCESSORS_ONLN);
}

int __kmpc_global_thread_num(void *place)
{
	(void)place;
	return number;
}

void __kmpc_push_num_threads(void *place, int thread, int threads)
{
	(void)place, (void)thread;
	asked = threads;
}

static void *work(void *argument)
{
	int bound = 0;

	number = (int)(long)argument;
	body(&number, &bound, shared[0], shared[1], shared[2], shared[3]);
	return 0;
}

void __kmpc_fork_call(void *place, int arguments, region microtask, ...)
{
	pthread_t threads[MOST];
	va_list list;
	int i;

	(void)place;
	va_start(list, microtask);
	for (i = 0; i < arguments && i < 4; i++)
		shared[i] = va_arg(list, void *);
	va_end(list);
	body = microtask;
	team = asked ? asked : omp_get_max_threads();
	team = team > MOST ? MOST : team;
	for (i = 1; i < team; i++)
		pthread_create(&threads[i], 0, work, (void *)(long)i);
	work((void *)0L);
	for (i = 1; i < team; i++)
		pthread_join(threads[i], 0);
	asked = 0, team = 1;
}
""",
}


def tool_files(tool):
    return {
        "CMakeLists.txt": f"add_executable({tool} {tool}.c)\ninstall(TARGETS {tool})\n",
        f"{tool}.c": "int main(void)\n{\n\treturn 0;\n}\n",
    }


BACKEND_TEST = "import paperwork_backend\n\n\ndef test_pages():\n    assert paperwork_backend.PAGES == 3\n"
FRONT_TEST = BACKEND_TEST.replace("paperwork_backend", "paperwork")
ARCHIVES = {
    "tesseract-4.00.00_alpha.tar.gz": ("tesseract-4.00.00alpha", TESSERACT),
    "paperwork-1.1.tar.gz": ("paperwork-1.1", python_files("paperwork", "paperwork", FRONT_TEST)),
    "paperwork-backend-1.1.tar.gz": (
        "paperwork-backend-1.1",
        python_files("paperwork-backend", "paperwork_backend", BACKEND_TEST),
    ),
    "nextcloud-13.0.1.tar.bz2": ("nextcloud", NEXTCLOUD),
    "llvm-3.7.0.src.tar.xz": ("llvm-3.7.0.src", LLVM),
    "cfe-3.7.0.src.tar.xz": ("cfe-3.7.0.src", tool_files("clang")),
    "lldb-3.7.0.src.tar.xz": ("lldb-3.7.0.src", tool_files("lldb")),
    "openmp-3.7.0.src.tar.xz": ("openmp-3.7.0.src", OPENMP),
}
"""Name in DISTDIR → the folder in it, its files."""
LANGUAGES = ("chi_sim", "deu", "eng", "fra", "frk", "osd")


def make_distfiles(folder):
    """Write all of them into a folder; give their hashes by name."""
    folder.mkdir(parents=True, exist_ok=True)
    made = {name: packed(name, *inside) for name, inside in ARCHIVES.items()}
    made |= {f"{language}.traineddata-4.00": f"{language}\n".encode() for language in LANGUAGES}
    for name, data in made.items():
        (folder / name).write_bytes(data)
    return {name: hashlib.sha512(data).hexdigest() for name, data in made.items()}


def packed(name, top, files):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        for path, text in files.items():
            info = tarfile.TarInfo(f"{top}/{path}")
            info.size = len(text.encode())
            info.mode = 0o755 if path == "configure" else 0o644
            archive.addfile(info, io.BytesIO(text.encode()))
    return PACKERS[Path(name).suffix](data.getvalue())


def make_descriptions(folder, hashes):
    """Write the descriptions with what was made pinned in them, and their patches."""
    folder.mkdir(parents=True, exist_ok=True)
    for source in ARTICLES.iterdir():
        if source.is_dir():
            continue
        if source.suffix != ".toml":
            (folder / source.name).write_bytes(source.read_bytes())
            continue
        text = source.read_text()
        wanted = WANTED[source.stem]
        rows = "".join(f'"{name}" = "{hashes[name]}"\n' for name in wanted)
        (folder / source.name).write_text(text.replace("[distfiles]\n", f"[distfiles]\n{rows}"))


WANTED = {
    "tesseract": (
        "tesseract-4.00.00_alpha.tar.gz",
        *(f"{language}.traineddata-4.00" for language in LANGUAGES),
    ),
    "paperwork": ("paperwork-1.1.tar.gz",),
    "paperwork-backend": ("paperwork-backend-1.1.tar.gz",),
    "nextcloud": ("nextcloud-13.0.1.tar.bz2",),
    "llvm": ("llvm-3.7.0.src.tar.xz", "cfe-3.7.0.src.tar.xz", "lldb-3.7.0.src.tar.xz"),
    "libomp": ("openmp-3.7.0.src.tar.xz",),
}
"""Description → what its versions fetch."""
