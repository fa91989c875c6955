package webhook

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// Senders who make up a signature and never end their bodies keep no honest push out,
// however many they are.
func TestSlowSendersKeepNobodyOut(t *testing.T) {
	var mu sync.Mutex
	counts, pokes := map[string]int{}, 0
	server := httptest.NewServer(New(Options{
		Secrets: func() [][]byte { return [][]byte{[]byte(secret)} },
		Poke: func() {
			mu.Lock()
			defer mu.Unlock()
			pokes++
		},
		Count: func(_, outcome string) {
			mu.Lock()
			defer mu.Unlock()
			counts[outcome]++
		},
	}))
	defer server.Close()
	var senders []net.Conn
	defer func() {
		for _, c := range senders {
			_ = c.Close()
		}
	}()
	slow := func() (net.Conn, *bufio.Reader) {
		c, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		senders = append(senders, c)
		fmt.Fprintf(c, "POST /hook/github HTTP/1.1\r\nHost: x\r\nX-Hub-Signature-256: sha256=%064d\r\nContent-Length: 1000\r\nExpect: 100-continue\r\n\r\n", 0)
		answer := bufio.NewReader(c)
		if line, err := answer.ReadString('\n'); err != nil || !strings.Contains(line, "100 Continue") { // its body is being read
			t.Fatalf("%q, %v", line, err)
		}
		_, _ = answer.ReadString('\n')
		_, _ = c.Write([]byte("x"))
		return c, answer
	}
	_, first := slow()
	for range 2*atOnce - 1 {
		slow()
	}
	const body = `{"ref": "refs/heads/main"}`
	req, err := http.NewRequest(http.MethodPost, server.URL+"/hook/github", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Hub-Signature-256", hexSigned(secret, body))
	client := &http.Client{Timeout: time.Minute} // the slow ones wait for ever
	out, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = out.Body.Close()
	if out.StatusCode != http.StatusAccepted {
		t.Errorf("an honest push is answered with %d", out.StatusCode)
	}
	if line, err := first.ReadString('\n'); err != nil || !strings.Contains(line, "429") {
		t.Errorf("the slowest is answered with %q, %v", line, err)
	}
	mu.Lock()
	defer mu.Unlock()
	if pokes != 1 || counts[Accepted] != 1 || counts[Refused] != 0 {
		t.Errorf("%d pokes, counts %v", pokes, counts)
	}
}

// Made-up signatures do not use up the limit of calls.
func TestMadeUpSignaturesDoNotCount(t *testing.T) {
	r := newReceiver()
	for range 3 * burst {
		r.call("github", http.Header{"X-Hub-Signature-256": {hexSigned("another secret of some length", "x")}}, strings.NewReader("x"))
	}
	if code := r.call("github", http.Header{"X-Hub-Signature-256": {hexSigned(secret, "x")}}, strings.NewReader("x")); code != http.StatusAccepted || r.pokes != 1 {
		t.Errorf("an honest push is answered with %d", code)
	}
}
