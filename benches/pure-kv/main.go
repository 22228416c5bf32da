// Measures pure-kv, the Go original, as `purekv bench --only seed` measures ours: the same keys in the same order, the same loops, the same
// checks. `purekv bench --pure-kv DIR` builds it against a checkout and runs it; its figures go to standard output, as JSON.
//
// The other half is src/bin/purekv/bench/workload/seed: whoever changes one changes the other.
package main

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"math/bits"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/gasparian/pure-kv/pkg/purekv"
)

const (
	// Bytes of a value.
	valueSize = 1024
	// Random bytes of a key, each two digits of it.
	keyBytes = 20
	// Operations between two looks at the clock.
	chunk = 256
	// Accesses of a walk: at least, at most.
	shortest, longest = 1 << 16, 1 << 20
)

var (
	keys         = flag.Int("keys", 20000, "how many keys")
	shardList    = flag.String("shards", "1,8,32", "numbers of shards")
	atOnceList   = flag.String("at-once", "100", "numbers of goroutines")
	cellTime     = flag.Duration("time", 60*time.Millisecond, "of each measurement")
	setTTL       = flag.Int("set-ttl", 100, "milliseconds, of what is set")
	getTTL       = flag.Int("get-ttl", 100000, "milliseconds, of what is there to be got")
	collectEvery = flag.Int("collect-every", 2000, "milliseconds")
)

// random is SplitMix64.
type random uint64

func (r *random) next() uint64 {
	*r += 0x9e3779b97f4a7c15
	mixed := uint64(*r)
	mixed = (mixed ^ mixed>>30) * 0xbf58476d1ce4e5b9
	mixed = (mixed ^ mixed>>27) * 0x94d049bb133111eb
	return mixed ^ mixed>>31
}

func (r *random) below(bound int) uint32 {
	high, _ := bits.Mul64(r.next(), uint64(bound))
	return uint32(high)
}

// key is that of a number: 20 random bytes as hexadecimal digits.
func key(id uint32) string {
	r := random(id)
	var words [24]byte
	for at := 0; at < len(words); at += 8 {
		binary.LittleEndian.PutUint64(words[at:], r.next())
	}
	return hex.EncodeToString(words[:keyBytes])
}

// template is what is alike in all values.
var template = func() []byte {
	value := make([]byte, valueSize)
	for at := range value {
		value[at] = 0x5a
	}
	return value
}()

// valueOf carries the number at both ends. It is a new one each time, for the store keeps it.
func valueOf(id uint32) []byte {
	value := make([]byte, valueSize)
	copy(value, template)
	binary.LittleEndian.PutUint64(value, uint64(id))
	binary.LittleEndian.PutUint64(value[valueSize-8:], uint64(id))
	return value
}

// read is what a reader makes of a value: both ends and the length.
func read(value []byte) uint64 {
	if len(value) < 8 {
		return 0
	}
	first := binary.LittleEndian.Uint64(value)
	last := binary.LittleEndian.Uint64(value[len(value)-8:])
	return first + last + uint64(len(value))
}

func expected(id uint32) uint64 {
	return 2*uint64(id) + valueSize
}

// step is one access. The keys of a walk lie one after the other.
type step struct {
	key string
	id  uint32
}

func newWalk() []step {
	length := shortest
	for length < *keys && length < longest {
		length *= 2
	}
	var blob strings.Builder
	steps := make([]step, length)
	r := random(1000)
	for at := range steps {
		steps[at].id = r.below(*keys)
		blob.WriteString(key(steps[at].id))
	}
	for at := range steps {
		steps[at].key = blob.String()[at*2*keyBytes:][:2*keyBytes]
	}
	return steps
}

// way is what one goroutine has done: operations from a place of the walk on, and what it read.
type way struct {
	start, operations int
	hits, digest      uint64
}

type figure struct {
	TTL         bool    `json:"ttl"`
	Set         bool    `json:"set"`
	AtOnce      *int    `json:"at_once"`
	Shards      int     `json:"shards"`
	Nanoseconds float64 `json:"nanoseconds"`
	Share       float64 `json:"share"`
}

// fail ends the program: its figures would mean nothing.
func fail(format string, arguments ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", arguments...)
	os.Exit(1)
}

func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		fail("getrusage: %v", err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// run starts goroutines together, for a time; they look at the clock themselves. One after the other is one goroutine.
func run(steps []step, atOnce *int, time_ time.Duration, body func(*way, []step)) ([]way, float64, float64) {
	workers := 1
	if atOnce != nil {
		workers = *atOnce
	}
	// What was before is not collected while the clock runs.
	runtime.GC()
	ways := make([]way, workers)
	var start time.Time
	var ready, done sync.WaitGroup
	begin := make(chan struct{})
	for worker := range ways {
		ready.Add(1)
		done.Add(1)
		go func(worker int) {
			defer done.Done()
			mine := way{start: worker * (len(steps) / chunk) / workers * chunk}
			ready.Done()
			<-begin
			for at := mine.start; ; {
				body(&mine, steps[at:at+chunk])
				mine.operations += chunk
				if time.Since(start) >= time_ {
					break
				}
				if at += chunk; at == len(steps) {
					at = 0
				}
			}
			ways[worker] = mine
		}(worker)
	}
	ready.Wait()
	cpu := cpuTime()
	start = time.Now()
	close(begin)
	done.Wait()
	wall := time.Since(start)
	cpu = cpuTime() - cpu
	operations := 0
	for _, way := range ways {
		operations += way.operations
	}
	processors := runtime.GOMAXPROCS(0)
	if workers < processors {
		processors = workers
	}
	nanoseconds := float64(wall.Nanoseconds()) / float64(operations)
	return ways, nanoseconds, cpu.Seconds() / (wall.Seconds() * float64(processors))
}

func set(store *purekv.Store, key string, id uint32, ttl int) {
	if err := store.Set(key, valueOf(id), ttl); err != nil {
		fail("a set failed: %v", err)
	}
}

func sets(store *purekv.Store, steps []step, atOnce *int, ttl int) (float64, float64) {
	ways, nanoseconds, share := run(steps, atOnce, *cellTime, func(_ *way, steps []step) {
		for at := range steps {
			set(store, steps[at].key, steps[at].id, ttl)
		}
	})
	seen := make([]bool, *keys)
	distinct := uint64(0)
	for _, way := range ways {
		for n := 0; n < way.operations && n < len(steps); n++ {
			if id := steps[(way.start+n)%len(steps)].id; !seen[id] {
				seen[id] = true
				distinct++
			}
		}
		for n := way.operations - chunk; n < way.operations; n++ {
			step := steps[(way.start+n)%len(steps)]
			value, found := store.Get(step.key)
			if !found && ttl == 0 || found && read(value) != expected(step.id) {
				fail("what was set is not there, or is another's")
			}
		}
	}
	if size := store.Size(); ttl == 0 && size != distinct {
		fail("%d entries, and %d different keys were set", size, distinct)
	}
	return nanoseconds, share
}

func gets(store *purekv.Store, steps []step, atOnce *int, time_ time.Duration) (float64, float64) {
	ways, nanoseconds, share := run(steps, atOnce, time_, func(mine *way, steps []step) {
		for at := range steps {
			if value, found := store.Get(steps[at].key); found {
				mine.hits++
				mine.digest += read(value)
			}
		}
	})
	for _, way := range ways {
		digest := uint64(0)
		for n := 0; n < way.operations; n++ {
			digest += expected(steps[(way.start+n)%len(steps)].id)
		}
		if way.hits != uint64(way.operations) || way.digest != digest {
			fail("gets missed, or read what was never written")
		}
	}
	return nanoseconds, share
}

func filled(shards, ttl int) *purekv.Store {
	store := purekv.NewStore(shards, *collectEvery)
	for id := 0; id < *keys; id++ {
		set(store, key(uint32(id)), uint32(id), ttl)
	}
	if size := store.Size(); size != uint64(*keys) {
		fail("%d entries of %d", size, *keys)
	}
	return store
}

func numbers(list string) []int {
	var numbers []int
	for _, word := range strings.Split(list, ",") {
		number, err := strconv.Atoi(word)
		if err != nil || number < 1 {
			fail("%q is no number of anything", word)
		}
		numbers = append(numbers, number)
	}
	return numbers
}

func main() {
	flag.Parse()
	if *keys < 1 {
		fail("no keys")
	}
	serialThen := []*int{nil}
	for _, atOnce := range numbers(*atOnceList) {
		atOnce := atOnce
		serialThen = append(serialThen, &atOnce)
	}
	steps := newWalk()
	var figures []figure
	for _, shards := range numbers(*shardList) {
		for _, ttl := range []bool{true, false} {
			setFor, getFor := 0, 0
			if ttl {
				setFor, getFor = *setTTL, *getTTL
			}
			for _, atOnce := range serialThen {
				store := purekv.NewStore(shards, *collectEvery)
				nanoseconds, share := sets(store, steps, atOnce, setFor)
				store.Close()
				figures = append(figures, figure{ttl, true, atOnce, shards, nanoseconds, share})
			}
			store := filled(shards, getFor)
			for _, atOnce := range serialThen {
				gets(store, steps, atOnce, *cellTime/5)
				nanoseconds, share := gets(store, steps, atOnce, *cellTime)
				figures = append(figures, figure{ttl, false, atOnce, shards, nanoseconds, share})
			}
			store.Close()
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(figures); err != nil {
		fail("%v", err)
	}
}
